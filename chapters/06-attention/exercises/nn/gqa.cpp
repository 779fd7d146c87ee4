// Multi-head attention and its grouped forms. DeepSeek-V2 (arXiv:2405.04434) eq. 1-8; GQA: Ainslie et al. 2023
// (arXiv:2305.13245). RoPE turns the whole of q and k, so the content part of each pair stays empty. Query head i uses key
// head i / (H / key_heads).
#include "nn/gqa.h"

#include "nn/heads.h"
#include "nn/yarn.h"
#include "ops/attention.h"

namespace seekling {

GQA::GQA(const Config& c)
    : H(c.num_attention_heads), key_heads(c.num_key_value_heads), head_dim(c.head_dim), rotary(rotary_of(c, head_dim)),
      scale(softmax_scale(c, head_dim)), q_proj(c.hidden_size, H * head_dim),
      k_proj(c.hidden_size, key_heads * head_dim), v_proj(c.hidden_size, key_heads * head_dim),
      o_proj(H * head_dim, c.hidden_size) {}

// Equations stand in columns.
// clang-format off
Tensor GQA::forward(const Tensor& h, std::span<const std::int32_t> first) const {
  // Exercise 6.1. Equations (1)-(3) and (7)-(8): queries with H heads, keys and values with key_heads, queries and keys
  // turned from position 0; then attention() and o_proj. Content parts stay empty: {{}, q}.
  throw Error("exercise 6.1 is not yet attempted");
  // End of exercise 6.1.
}
// clang-format on

Tensor GQA::decode(const Tensor& h, Cache& cache) const {
  // Exercise 6.2. The same for T new tokens behind the cache.length old ones. Cache::append(held, fresh, length) puts the
  // fresh rows behind the held ones and returns all of them; cache.key.r holds keys, cache.value values.
  throw Error("exercise 6.2 is not yet attempted");
  // End of exercise 6.2.
}

Cache GQA::make_cache(Index capacity) const {
  const auto room = [&] { return Tensor::zeros({1, capacity, key_heads, head_dim}, o_proj.weight.device()); };
  return {{{}, room()}, room(), 0};
}

}  // namespace seekling
