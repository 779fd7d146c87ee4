// Multi-head Latent Attention. DeepSeek-V2 (arXiv:2405.04434) §2.1, in full: equations (37)-(47)
// of its appendix. Members carry the checkpoint's names, locals the paper's symbols; H = n_h.
// The two RMSNorms on the latents are in the paper's text (§3.1.2) and in the released weights,
// not in its equations; their ε is 1e-6 whatever rms_norm_eps says.
#include "attention/mla.h"

#include "attention/kind.h"
#include "attention/per_head.h"
#include "attention/yarn.h"
#include "nn/heads.h"

namespace seekling {

MLA::MLA(const Config& c)
    : H(c.num_attention_heads), nope(c.qk_nope_head_dim), v_head_dim(c.v_head_dim),
      rank(c.kv_lora_rank), rotary(rotary_of(c, c.qk_rope_head_dim)),
      scale(softmax_scale(c, nope + c.qk_rope_head_dim)),
      kv_a_proj_with_mqa(c.hidden_size, rank + c.qk_rope_head_dim),
      kv_b_proj(rank, H * (nope + v_head_dim)), o_proj(H * v_head_dim, c.hidden_size),
      kv_a_layernorm(rank, kLatentEps) {
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
  const bool compressed = q_a_proj.weight.defined();
  const Tensor q = compressed                            // (37) c^Q = W^DQ h      [B,T,q_lora_rank]
      ? q_b_proj(q_a_layernorm(q_a_proj(h))) : q_proj(h);
  const auto [q_c, q_r] = split_at(heads(q, H), nope);   // (38) q^C = W^UQ c^Q         [B,T,H,nope]
  return {q_c, rope(q_r, start, rotary)};                // (39) q^R = RoPE(W^QR c^Q)   [B,T,H,rope]
}

Pair MLA::latent(const Tensor& h, Index start) const {   // all that the cache keeps, for all heads
  const auto [c, k] = split_at(kv_a_proj_with_mqa(h), rank);
  return {heads(kv_a_layernorm(c), 1),                   // (41) c^KV = W^DKV h         [B,T,1,rank]
          rope(heads(k, 1), start, rotary)};             // (43) k^R = RoPE(W^KR h)     [B,T,1,rope]
}

// Whole sequences.                                                           h, u [B,T,hidden_size]
Tensor MLA::forward(const Tensor& h, const Context& context) const {
  const Pair q = query(h, 0);                            // (37)-(39)
  const auto [c_kv, k_r] = latent(h, 0);                 // (41), (43)
  const Tensor kv = heads(kv_b_proj(merge(c_kv)), H);    // (42) k^C = W^UK c^KV        [B,T,H,nope]
  const auto [k_c, v_c] = split_at(kv, nope);            // (45) v^C = W^UV c^KV  [B,T,H,v_head_dim]
  observe(context, q, {k_c, k_r});
  // (46). The concatenations (40), (44) are never made: [q^C;q^R]·[k^C;k^R] = q^C·k^C + q^R·k^R.
  const Tensor o = attention(q, {k_c, k_r}, v_c, scale, context.mask);
  return o_proj(merge(o));                               // (47) u = W^O o         [B,T,hidden_size]
}

// T new tokens (§2.1.2): W^UK is absorbed into q, W^UV into the output.      h, u [1,T,hidden_size]
Tensor MLA::decode(const Tensor& h, Cache& cache) const {
  const auto [W_UK, W_UV] =
      split_at(kv_b_proj.weight.reshape({H, (nope + v_head_dim) * rank}), nope * rank);
  const Pair q = query(h, cache.length);
  const Pair fresh = latent(h, cache.length);
  const Pair past = {Cache::append(cache.key.c, fresh.c, cache.length),   // one latent head
                     Cache::append(cache.key.r, fresh.r, cache.length)};  // for all H     [1,S,1,·]
  cache.length += h.dim(1);
  // q^C·(W^UK c) = (W^UKᵀ q^C)·c
  const Tensor o = attention({per_head(q.c, W_UK, nope), q.r}, past, past.c, scale);
  return o_proj(merge(per_head_t(o, W_UV, v_head_dim)));  // tested: equals forward, token by token
}
// clang-format on

Cache MLA::make_cache(Index capacity) const {
  const auto room = [&](Index width) {
    return Tensor::zeros({1, capacity, 1, width}, o_proj.weight.device());
  };
  return {{room(rank), room(2 * Index(rotary.theta.size()))}, {}, 0};
}

std::string MLA::name() const { return "MLA"; }
Index MLA::cached_per_token() const { return rank + 2 * Index(rotary.theta.size()); }
Index MLA::head_width() const { return nope; }

double MLA::flops(double context) const {  // (46) as forward() computes it
  const Index d = nope + 2 * Index(rotary.theta.size());
  return 2 * double(H) * double(d + v_head_dim) * context;
}

void MLA::parameters(const std::string& at, const Visitor& visit) const {
  if (q_proj.weight.defined()) {
    visit(at + ".q_proj.weight", q_proj.weight);
  } else {
    visit(at + ".q_a_proj.weight", q_a_proj.weight);
    visit(at + ".q_a_layernorm.weight", q_a_layernorm.weight);
    visit(at + ".q_b_proj.weight", q_b_proj.weight);
  }
  visit(at + ".kv_a_proj_with_mqa.weight", kv_a_proj_with_mqa.weight);
  visit(at + ".kv_a_layernorm.weight", kv_a_layernorm.weight);
  visit(at + ".kv_b_proj.weight", kv_b_proj.weight);
  visit(at + ".o_proj.weight", o_proj.weight);
}

// kv_b_proj is two tensors there, attn_k_b and attn_v_b: interop/gguf_checkpoint.cpp.
GgufNames MLA::gguf_names() const {
  return {{"q_proj.weight", "attn_q.weight"},
          {"q_a_proj.weight", "attn_q_a.weight"},
          {"q_a_layernorm.weight", "attn_q_a_norm.weight"},
          {"q_b_proj.weight", "attn_q_b.weight"},
          {"kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
          {"kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
          {"o_proj.weight", "attn_output.weight"}};
}

template std::unique_ptr<Attention> make_kind<MLA>(const Config&);

}  // namespace seekling
