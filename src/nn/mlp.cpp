// FFN(x) = W_down (silu(W_gate x) ⊙ W_up x). SwiGLU of Shazeer 2020 (arXiv:2002.05202),
// eq. 6; no bias.
#include "nn/mlp.h"

#include "ops/swiglu.h"

namespace seekling {

Mlp::Mlp(Index hidden_size, Index width)
    : gate_up(Tensor::zeros({2 * width, hidden_size})), down_proj(width, hidden_size) {}

Tensor Mlp::forward(const Tensor& x) const { return down_proj(swiglu(linear(x, gate_up))); }

}  // namespace seekling
