// Multi-head Latent Attention. DeepSeek-V2 (arXiv:2405.04434) §2.1, in full: equations (37)-(47) of its appendix.
// Members carry the checkpoint's names, locals the paper's symbols; H = n_h. The two RMSNorms on the latents are in the
// paper's text (§3.1.2) and in the released weights, not in its equations; their ε is 1e-6 whatever rms_norm_eps says.
#include "nn/mla.h"

#include "nn/heads.h"
#include "nn/yarn.h"
#include "ops/per_head.h"

namespace seekling {

constexpr double kLatentEps = 1e-6;

MLA::MLA(const Config& c)
    : H(c.num_attention_heads), nope(c.qk_nope_head_dim), v_head_dim(c.v_head_dim), rank(c.kv_lora_rank),
      rotary(rotary_of(c, c.qk_rope_head_dim)), scale(softmax_scale(c, nope + c.qk_rope_head_dim)),
      kv_a_proj_with_mqa(c.hidden_size, rank + c.qk_rope_head_dim), kv_b_proj(rank, H * (nope + v_head_dim)),
      o_proj(H * v_head_dim, c.hidden_size), kv_a_layernorm(rank, kLatentEps) {
  const Index q_dim = H * (nope + c.qk_rope_head_dim);
  if (c.q_lora_rank == 0) {
    q_proj = Linear(c.hidden_size, q_dim);
  } else {
    q_a_proj = Linear(c.hidden_size, c.q_lora_rank);
    q_a_layernorm = RmsNorm(c.q_lora_rank, kLatentEps);
    q_b_proj = Linear(c.q_lora_rank, q_dim);
  }
}

// Equations stand in columns.
// clang-format off
Pair MLA::query(const Tensor& h, Index start) const {
  // Exercise 8.1a. Equations (37)-(39). Return the content part [B,T,H,nope] and the turned rotary part [B,T,H,rope].
  // Models with q_lora_rank 0 have q_proj alone; q_a_proj.weight.defined() tells which it is. The token at index t
  // stands at position start + t.
  throw Error("exercise 8.1a is not yet attempted");
  // End of exercise 8.1a.
}

Pair MLA::latent(const Tensor& h, Index start) const {   // all that the cache keeps; every head shares it
  // Exercise 8.1b. Equations (41) and (43). Return the latent [B,T,1,rank] and the turned rotary key [B,T,1,rope]:
  // what the cache keeps.
  throw Error("exercise 8.1b is not yet attempted");
  // End of exercise 8.1b.
}

Tensor MLA::forward(const Tensor& h, std::span<const std::int32_t> first) const {    // h, u        [B,T,hidden_size]
  // Exercise 8.2. Equations (42), (45)-(47), from query(h, 0) and latent(h, 0). attention() adds the products of the
  // pairs' two parts and wants the softmax's scale, which is the member `scale`.
  throw Error("exercise 8.2 is not yet attempted");
  // End of exercise 8.2.
}

Tensor MLA::decode(const Tensor& h, Cache& cache) const {  // §2.1.2: W^UK absorbed into q, W^UV into the output
  // Exercise 8.3. The same for T new tokens behind cache.length old ones. Cache::append puts the fresh rows behind
  // the held ones and returns all of them. You may expand the latents with kv_b_proj as in forward; chapter 9 does
  // without.
  throw Error("exercise 8.3 is not yet attempted");
  // End of exercise 8.3.
}
// clang-format on

Cache MLA::make_cache(Index capacity) const {
  const auto room = [&](Index width) { return Tensor::zeros({1, capacity, 1, width}, o_proj.weight.device()); };
  return {{room(rank), room(2 * Index(rotary.theta.size()))}, {}, 0};
}

}  // namespace seekling
