// Multi-token prediction: modules after the last layer that predict tokens further ahead. Each
// depth is one token shorter, because its last position has no next token to read:
//
//   position i        1     2     3    ...  T-2   T-1    T
//   h⁰     reads     t_1   t_2   t_3   ...              t_T   predicts t_{i+1}        [B,T,D]
//   h¹     and reads t_2   t_3   t_4   ...  t_T-1 t_T         predicts t_{i+2}        [B,T-1,D]
//   h²     and reads t_3   t_4   t_5   ...  t_T               predicts t_{i+3}        [B,T-2,D]
//
//   h^{k-1} [B,T-k+1,D] ─▶ first T-k ─▶ hnorm ─┐
//                                              ├─▶ [e; h] ─▶ eh_proj ─▶ block ─▶ norm ─▶ h^k
//   Emb(t_{i+k}) [B,T-k,D] ───────────▶ enorm ─┘  [B,T-k,2D]  [B,T-k,D]
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/layer.h"
#include "nn/config.h"
#include "nn/linear.h"

namespace seekling {

// The module of depth k = 1 .. num_nextn_predict_layers. It shares the model's embedding and head.
struct Mtp {
  Mtp(const Config& config, Index k);
  Mtp() = default;

  // h: the result of depth k - 1, [B,T-k+1,hidden_size] or longer. next: the embeddings of the
  // tokens k positions later, [B,T-k,hidden_size]. From position i of the result the head predicts
  // the token at i + k + 1.
  Tensor forward(const Tensor& h, const Tensor& next, const Context& context, Losses& losses) const;
  // For consecutive positions of a sequence, which are also their slots in the cache: h and next
  // [1,N,hidden_size]. From the result, of the wanted positions, the head predicts the tokens after
  // next.
  Tensor decode(const Tensor& h, const Tensor& next, LayerCache& cache) const;
  Mtp pack(const Precision& precision) const;  // as Layer::pack
  void parameters(const std::string& at, const Visitor& visit) const;

  Tensor join(const Tensor& next, const Tensor& h) const;  // (21)

  RmsNorm enorm, hnorm;
  Linear eh_proj;                // [hidden_size, 2·hidden_size]
  std::unique_ptr<Layer> block;  // a layer like the others
  RmsNorm head_norm;             // shared_head.norm
};

// The document mask of a batch [B,T] for the module of depth k, [B,T-k].
std::vector<std::int32_t> mtp_documents(std::span<const std::int32_t> document_start, Index B,
                                        Index T, Index k);

}  // namespace seekling
