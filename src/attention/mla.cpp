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

// Equations are in columns.
// clang-format off
Pair MLA::query(const Tensor& h, const Positions& at) const {
  const bool compressed = q_a_proj.defined();
  const Tensor q = compressed                            // (37) c^Q = W^DQ h      [B,T,q_lora_rank]
      ? q_b_proj(q_a_layernorm(q_a_proj(h))) : q_proj(h);
  const auto [q_c, q_r] = split_at(heads(q, H), nope);   // (38) q^C = W^UQ c^Q         [B,T,H,nope]
  return {q_c, rope(q_r, at, rotary)};                   // (39) q^R = RoPE(W^QR c^Q)   [B,T,H,rope]
}

Pair MLA::latent(const Tensor& h, const Positions& at) const {  // all that the cache keeps
  const auto [c, k] = split_at(kv_a_proj_with_mqa(h), rank);
  return {heads(kv_a_layernorm(c), 1),                   // (41) c^KV = W^DKV h         [B,T,1,rank]
          rope(heads(k, 1), at, rotary)};                // (43) k^R = RoPE(W^KR h)     [B,T,1,rope]
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
// clang-format on

// New tokens, which follow those in the cache.        all [1,N,hidden_size], h, u [1,n,hidden_size]
Tensor MLA::decode(const Tensor& all, LayerCache& cache) const {
  const Tensor h = cache.wanted(all);
  const Pair q = query(h, cache.positions(h, rotary));
  const Pair fresh = latent(all, cache.positions(all, rotary));
  if (decoding == Decoding::kNaive) return o_proj(merge(naive(q, fresh, cache)));
  cache.append(fresh);
  const bool expand = cache.of_prompt() && expanding_is_cheaper(h.dim(1), cache.tokens());
  return o_proj(merge(expand ? expanded(q, cache) : absorbed(q, cache)));
}

// §2.1.2: q^C·(W^UK c) = (W^UKᵀ q^C)·c, so W^UK is absorbed into the query, and all heads read the
// same row of the cache. Σ_j p_j W^UV c_j = W^UV Σ_j p_j c_j, so W^UV is applied after attention.
Tensor MLA::absorbed(const Pair& q, const LayerCache& cache) const {
  if (W_UK.defined()) return per_head(cache.attend({per_head(q.c, W_UK), q.r}, scale), W_UV);
  const auto [UK, UV] = halves_of_kv_b_proj();
  return per_head_t(cache.attend({per_head(q.c, UK, nope), q.r}, scale), UV, v_head_dim);
}

// W^UK [H,nope·rank] and W^UV [H,v_head_dim·rank].
std::pair<Tensor, Tensor> MLA::halves_of_kv_b_proj() const {
  return split_at(kv_b_proj.weight.reshape({H, (nope + v_head_dim) * rank}), nope * rank);
}

// Recomputes the keys and values of all cached tokens, then uses the attention of training.
Tensor MLA::expanded(const Pair& q, const LayerCache& cache) const {
  const auto [c_kv, k_r] = cache.keys();
  const auto [k_c, v_c] = keys_and_values(c_kv);
  return attention(q, {k_c, k_r}, v_c, scale);
}

// Caches the keys and values of every head, as MHA does.
Tensor MLA::naive(const Pair& q, const Pair& fresh, LayerCache& cache) const {
  const auto [k_c, v_c] = keys_and_values(fresh.c);
  cache.append({k_c, fresh.r}, v_c);
  return cache.attend(q, scale);
}

std::pair<Tensor, Tensor> MLA::keys_and_values(const Tensor& c_kv) const {  // (42), (45)
  return split_at(heads(kv_b_proj(merge(c_kv)), H), nope);
}

// A key in the latent space has rank + rope elements, a key of one head nope + rope, so scores and
// sums of absorbed attention cost about rank / nope times as much. For one token that is cheaper
// than expanding all S latents into keys. But T tokens share the expanded keys: expanding saves
// T (S - T/2) (2 rank - nope - v) multiply-adds per head and costs (S - T) rank (nope + v).
bool MLA::expanding_is_cheaper(Index T, Index S) const {
  const double saved =
      double(T) * (double(S) - 0.5 * double(T)) * double(2 * rank - nope - v_head_dim);
  return saved > double(S - T) * double(rank) * double(nope + v_head_dim);
}

CacheRow MLA::cache_row() const {
  const Index rope = 2 * Index(rotary.theta.size());
  if (decoding == Decoding::kNaive) return {H, nope, rope, v_head_dim};
  return {1, rank, rope, 0};
}

std::unique_ptr<Attention> MLA::pack(const Precision& precision) const {
  auto to = std::make_unique<MLA>(*this);
  to->pack_own(precision);
  return to;
}

void MLA::pack_own(const Precision& precision) {
  decoding = precision.decoding;
  const auto [UK, UV] = halves_of_kv_b_proj();
  W_UK = pack_per_head(precision.weights, UK, nope);
  W_UV = pack_per_head_t(precision.weights, UV, v_head_dim);
  for (Linear* l : std::initializer_list<Linear*>{&q_proj, &q_a_proj, &q_b_proj,
                                                  &kv_a_proj_with_mqa, &kv_b_proj, &o_proj})
    l->pack(precision.weights);
  q_a_layernorm = q_a_layernorm.copy(), kv_a_layernorm = kv_a_layernorm.copy();
}

WeightBytes MLA::weight_bytes() const {
  const Index absorbed = W_UK.bytes() + W_UV.bytes(), expanding = kv_b_proj.packed.bytes();
  WeightBytes sum(absorbed + expanding, decoding == Decoding::kNaive ? expanding : absorbed);
  for (const Linear* l : std::initializer_list<const Linear*>{&q_proj, &q_a_proj, &q_b_proj,
                                                              &kv_a_proj_with_mqa, &o_proj})
    sum += WeightBytes(l->packed.bytes());
  return sum;
}

std::string MLA::name() const { return "MLA"; }
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

// In GGUF kv_b_proj is two tensors, attn_k_b and attn_v_b: see interop/gguf_checkpoint.cpp.
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
