// The whole model: embedding, blocks, final norm, head. DeepSeek-V2 (arXiv:2405.04434) Fig. 2.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/batch.h"
#include "model/layer.h"
#include "model/mtp.h"
#include "nn/config.h"

namespace seekling {

class Transformer {
 public:
  explicit Transformer(const Config& config);  // parameters are 0 until filled

  // Every parameter with its name in the checkpoint, in a fixed order. gate_proj, up_proj and the
  // matrices of each expert are slices of the larger tensors that the layers use.
  void for_each_parameter(const Visitor& visit) const;

  void move_to(Device device) const;  // moves the parameters; computation follows them
  Transformer copy_on(Device device) const;
  void copy_from(const Transformer& other) const;  // the parameters, of equal shapes
  Device device() const { return embed_tokens.device(); }

  // Matrices normal with mean 0 and standard deviation config.initializer_range;
  // norm gains 1; correction biases 0. Each tensor has its own random stream, keyed by (seed, its
  // index in the walk).
  void initialise(std::uint64_t seed) const;

  // The residual stream after the final norm, [B,T,hidden_size]. ids: B·T values in row order.
  Tensor hidden(std::span<const std::int32_t> ids, Index B, Index T, const Context& context,
                Losses& losses) const;

  // The same for T tokens of one sequence that follow those in the caches
  // (one cache a layer), [1,T,hidden_size].
  Tensor decode(std::span<const std::int32_t> ids, std::vector<Cache>& caches) const;
  Tensor decode(Tensor embedded, std::vector<Cache>& caches) const;  // rows [1,T,hidden_size]
  std::vector<Cache> make_caches(Index capacity) const;

  Tensor logits(const Tensor& h) const;  // [..,hidden_size] -> [..,vocab_size]

  // The input to the head from each depth k = 1, 2, ... of multi-token prediction,
  // [B,T-k,hidden_size]: position i predicts the token at i + k + 1. h: the result of hidden() for
  // these ids. Depths that reach past the sequence are skipped.
  std::vector<Tensor> hidden_further(std::span<const std::int32_t> ids, Index B, Index T,
                                     const Tensor& h, const Context& context, Losses& losses) const;

  // Mean cross-entropy, in nats, of the batch's targets, weighted; [B,T,vocab_size] is never
  // held. The document mask is the batch's. Other losses are not in it: losses.balance and, if
  // context.predict_further is set, losses.mtp. Training minimises a weighted sum.
  Tensor loss(const Batch& batch, const Context& context, Losses& losses) const;

  const Config config;
  Tensor embed_tokens;                         // model.embed_tokens.weight [V,D]
  std::vector<std::unique_ptr<Layer>> layers;  // model.layers.i
  RmsNorm norm;                                // model.norm
  Tensor lm_head;        // lm_head.weight [V,D]; embed_tokens itself where tied
  std::vector<Mtp> mtp;  // model.layers.L+k-1 is the module of depth k
};

// A router's e_score_correction_bias: a parameter of the checkpoint that no gradient reaches.
bool is_correction_bias(const std::string& name);
// A parameter of DeepSeek-V3.2's sparse attention, which only the indexers' loss reaches.
bool is_of_indexer(const std::string& name);

}  // namespace seekling
