// FFN(x) = W_down (silu(W_gate x) ⊙ W_up x). SwiGLU of Shazeer 2020 (arXiv:2002.05202),
// eq. 6; no bias.
#include "nn/mlp.h"

#include "ops/swiglu.h"

namespace seekling {

Mlp::Mlp(Index hidden_size, Index width)
    : gate_up(hidden_size, 2 * width), down_proj(width, hidden_size) {}

Tensor Mlp::forward(const Tensor& x) const { return down_proj(swiglu(gate_up(x))); }

std::unique_ptr<FeedForward> Mlp::pack(Format format) const {
  auto to = std::make_unique<Mlp>(*this);
  to->gate_up.pack(format), to->down_proj.pack(format);
  return to;
}

WeightBytes Mlp::weight_bytes() const {
  return WeightBytes(gate_up.packed.bytes() + down_proj.packed.bytes());
}

void Mlp::parameters(const std::string& at, const Visitor& visit) const {
  visit(at + ".gate_proj.weight", gate_proj());
  visit(at + ".up_proj.weight", up_proj());
  visit(at + ".down_proj.weight", down_proj.weight);
}

GgufNames Mlp::gguf_names() const {
  return {{"gate_proj.weight", "ffn_gate.weight"},
          {"up_proj.weight", "ffn_up.weight"},
          {"down_proj.weight", "ffn_down.weight"}};
}

}  // namespace seekling
