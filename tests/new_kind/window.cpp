// o_t = Σ_{j > t - 16} softmax(scale q_t·k_j) v_j, with GQA's q, k and v.
#include "attention/window.h"

#include "attention/attention.h"
#include "attention/kind.h"
#include "nn/heads.h"

namespace seekling {

Tensor Window::forward(const Tensor& h, const Context& context) const {
  const Tensor q = rope(heads(q_proj(h), H), 0, rotary);
  const Tensor k = rope(heads(k_proj(h), key_heads), 0, rotary);
  const Tensor v = heads(v_proj(h), key_heads);
  Mask mask = context.mask;
  mask.window = kTokens;
  return o_proj(merge(attention({{}, q}, {{}, k}, v, scale, mask)));
}

Tensor Window::decode(const Tensor& all, LayerCache& cache) const {
  const Tensor h = cache.wanted(all);
  const Tensor q = rope(heads(q_proj(h), H), cache.positions(h, rotary), rotary);
  const Tensor k = rope(heads(k_proj(all), key_heads), cache.positions(all, rotary), rotary);
  cache.append({{}, k}, heads(v_proj(all), key_heads));
  return o_proj(merge(cache.attend({{}, q}, scale, kTokens)));
}

std::unique_ptr<Attention> Window::pack(const Precision& precision) const {
  auto to = std::make_unique<Window>(*this);
  to->pack_matrices(precision.weights);
  return to;
}

template std::unique_ptr<Attention> make_kind<Window>(const Config&);

}  // namespace seekling
