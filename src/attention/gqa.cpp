// Multi-head attention and its grouped forms. DeepSeek-V2 (arXiv:2405.04434) eq. 1-8; GQA:
// Ainslie et al. 2023 (arXiv:2305.13245). RoPE rotates all of q and k, so the content part of each
// pair is empty. Query head i uses key head i / (H / key_heads).
#include "attention/gqa.h"

#include "attention/attention.h"
#include "attention/kind.h"
#include "attention/yarn.h"
#include "nn/heads.h"

namespace seekling {

GQA::GQA(const Config& c)
    : H(c.num_attention_heads), key_heads(c.num_key_value_heads), head_dim(c.head_dim),
      rotary(rotary_of(c, head_dim)), scale(softmax_scale(c, head_dim)),
      q_proj(c.hidden_size, H * head_dim), k_proj(c.hidden_size, key_heads * head_dim),
      v_proj(c.hidden_size, key_heads * head_dim), o_proj(H * head_dim, c.hidden_size) {}

// Equations are in columns.
// clang-format off
Tensor GQA::forward(const Tensor& h, const Context& context) const {
  const Tensor q = rope(heads(q_proj(h), H), 0, rotary);          // (1)            [B,T,H,head_dim]
  const Tensor k = rope(heads(k_proj(h), key_heads), 0, rotary);  // (2)    [B,T,key_heads,head_dim]
  const Tensor v = heads(v_proj(h), key_heads);                   // (3)
  observe(context, {{}, q}, {{}, k});
  return o_proj(merge(attention({{}, q}, {{}, k}, v, scale, context.mask)));  // (7), (8)
}
// clang-format on

// New tokens, which follow those in the cache.        all [1,N,hidden_size], h, u [1,n,hidden_size]
Tensor GQA::decode(const Tensor& all, LayerCache& cache) const {
  const Tensor h = cache.wanted(all);
  const Tensor q = rope(heads(q_proj(h), H), cache.positions(h, rotary), rotary);
  const Tensor k = rope(heads(k_proj(all), key_heads), cache.positions(all, rotary), rotary);
  cache.append({{}, k}, heads(v_proj(all), key_heads));
  return o_proj(merge(cache.attend({{}, q}, scale)));
}

CacheRow GQA::cache_row() const { return {key_heads, 0, head_dim, head_dim}; }

std::unique_ptr<Attention> GQA::pack(const Precision& precision) const {
  auto to = std::make_unique<GQA>(*this);
  to->pack_matrices(precision.weights);
  return to;
}

void GQA::pack_matrices(Format format) {
  for (Linear* l : {&q_proj, &k_proj, &v_proj, &o_proj}) l->pack(format);
}

WeightBytes GQA::weight_bytes() const {
  return WeightBytes(q_proj.packed.bytes() + k_proj.packed.bytes() + v_proj.packed.bytes() +
                     o_proj.packed.bytes());
}

std::string GQA::name() const { return key_heads == H ? "MHA" : key_heads == 1 ? "MQA" : "GQA"; }
Index GQA::head_width() const { return head_dim; }
double GQA::flops(double context) const {  // (7)
  return 2 * double(H) * double(2 * head_dim) * context;
}

void GQA::parameters(const std::string& at, const Visitor& visit) const {
  visit(at + ".q_proj.weight", q_proj.weight);
  visit(at + ".k_proj.weight", k_proj.weight);
  visit(at + ".v_proj.weight", v_proj.weight);
  visit(at + ".o_proj.weight", o_proj.weight);
}

template std::unique_ptr<Attention> make_kind<GQA>(const Config&);

}  // namespace seekling
