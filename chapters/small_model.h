// Small models, which demos train or decode with in seconds.
#pragma once

#include <algorithm>

#include "model/transformer.h"

namespace seekling {

// Two layers of MLA; the first is dense, the second has four experts, of which a token chooses two.
inline Config small_model(Index vocab_size, Index width) {
  Config c;
  c.vocab_size = vocab_size, c.hidden_size = width, c.num_hidden_layers = 2,
  c.intermediate_size = 3 * width;
  c.num_attention_heads = 2, c.kv_lora_rank = 16, c.qk_nope_head_dim = 16, c.qk_rope_head_dim = 8,
  c.v_head_dim = 16;
  c.n_routed_experts = 4, c.num_experts_per_tok = 2, c.moe_intermediate_size = 16;
  c.initializer_range = 0.1;
  return c;
}

// A model reads the same tokens twice: all at once, and `piece` by piece through its caches.
// The largest difference.
inline double difference_in_pieces(const Transformer& model, Index tokens, Index piece) {
  std::vector<std::int32_t> ids;
  for (Index t = 0; t < tokens; ++t) ids.push_back(std::int32_t(t * t % model.config.vocab_size));
  Losses losses;
  const Tensor whole =
      model.hidden(ids, 1, tokens, {}, losses).reshape({tokens, model.config.hidden_size});
  std::vector<Cache> caches = model.make_caches(tokens);
  double largest = 0;
  for (Index t = 0; t < tokens; t += piece) {
    const Tensor h = model.decode({&ids[std::size_t(t)], std::size_t(piece)}, caches);
    const auto difference = h.view().matrix() - whole.slice(t, piece).view().matrix();
    largest = std::max(largest, double(difference.cwiseAbs().maxCoeff()));
  }
  return largest;
}

}  // namespace seekling
