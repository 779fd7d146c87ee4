// The lightning indexer. DeepSeek-V3.2 (arXiv:2512.02556) §2.1, with what the released code adds to
// the text: LayerNorm with a bias on the keys, RoPE on the first dimensions in the half-split
// layout, and two constants. H is hidden_size, r = q_lora_rank.
//
//   c^Q [B,T,r] ── wq_b ── heads ── RoPE ──▶ q [B,T,HI,dI] ─┐
//   x   [B,T,H] ── wk ── LayerNorm ─ RoPE ─▶ k [B,T,1,dI] ──┼─▶ I [B,T,T] ──▶ the topk best
//   x   [B,T,H] ── weights_proj ───────────▶ w [B,T,HI] ────┘   index_scores.cpp
#include "sparse/indexer.h"

#include <cmath>

#include "attention/yarn.h"
#include "nn/heads.h"
#include "sparse/half_rope.h"

namespace seekling {

constexpr double kKeyEps = 1e-6;  // whatever rms_norm_eps is

Indexer::Indexer(const Config& c)
    : HI(c.index_n_heads), dI(c.index_head_dim), topk(c.index_topk),
      rotary(rotary_of(c, c.qk_rope_head_dim)), scale(1 / std::sqrt(real(HI * dI))),
      wq_b(c.q_lora_rank, HI * dI), wk(c.hidden_size, dI), k_norm(dI, kKeyEps),
      weights_proj(c.hidden_size, HI) {}

Indexer::Query Indexer::query(const Tensor& c_q, const Tensor& x, const Positions& at) const {
  return {rope_halves(heads(wq_b(c_q), HI), at, rotary), weights_proj(x)};
}

Tensor Indexer::key(const Tensor& x, const Positions& at) const {
  return rope_halves(heads(k_norm(wk(x)), 1), at, rotary);
}

Indexer Indexer::pack(Format format) const {
  Indexer to = *this;
  to.wq_b.pack(format), to.wk.pack(format);
  to.weights_proj.pack();
  to.k_norm = k_norm.copy();
  return to;
}

WeightBytes Indexer::weight_bytes() const {
  return WeightBytes(wq_b.packed.bytes() + wk.packed.bytes() + weights_proj.packed.bytes());
}

void Indexer::parameters(const std::string& at, const Visitor& visit) const {
  visit(at + ".wq_b.weight", wq_b.weight);
  visit(at + ".wk.weight", wk.weight);
  visit(at + ".k_norm.weight", k_norm.weight);
  visit(at + ".k_norm.bias", k_norm.bias);
  visit(at + ".weights_proj.weight", weights_proj.weight);
}

}  // namespace seekling
