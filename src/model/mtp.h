// Multi-token prediction: modules behind the last layer that predict tokens further ahead.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/layer.h"
#include "nn/config.h"
#include "nn/linear.h"

namespace seekling {

// The module of depth k = 1 .. num_nextn_predict_layers. Embedding and head are the model's own.
struct Mtp {
  Mtp(const Config& config, Index k);
  Mtp() = default;

  // h: what depth k - 1 gave, [B,T-k+1,hidden_size] or longer; next: the embedding of the token k
  // places after each, [B,T-k,hidden_size]. At position i of the result stands what the head turns
  // into the token at i + k + 1.
  Tensor forward(const Tensor& h, const Tensor& next, const Context& context, Losses& losses) const;
  // For positions of a sequence in order: h and next [1,N,hidden_size] of each, whose place in the
  // cache is that of the position; what the head turns into the tokens after next, of the wanted.
  Tensor decode(const Tensor& h, const Tensor& next, LayerCache& cache) const;
  Mtp pack(const Precision& precision) const;  // as Layer::pack
  void parameters(const std::string& at, const Visitor& visit) const;

  Tensor join(const Tensor& next, const Tensor& h) const;  // (21)

  RmsNorm enorm, hnorm;
  Linear eh_proj;                // [hidden_size,2·hidden_size]
  std::unique_ptr<Layer> block;  // a layer like the others
  RmsNorm head_norm;             // shared_head.norm
};

// The document mask of a batch [B,T] for the module of depth k, [B,T-k].
std::vector<std::int32_t> mtp_documents(std::span<const std::int32_t> document_start, Index B,
                                        Index T, Index k);

}  // namespace seekling
