// SwiGLU. Shazeer 2020 (arXiv:2002.05202), eq. 5, without bias.
//   y = silu(a) ⊙ u      silu(a) = a σ(a)      σ(a) = 1 / (1 + e^-a)       [a;u] [..,2m]   y [..,m]
// Backward: silu'(a) = σ(a) (1 + a (1 - σ(a))), so
//   da = dy ⊙ u ⊙ silu'(a)      du = dy ⊙ silu(a)
#include "ops/swiglu.h"

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

constexpr real kOne = 1;
// Columns per step. They are copied to a separate array: the last bit of Eigen's exp depends on the
// alignment of its operand.
constexpr Index kTile = 256;

void cpu::swiglu_forward(View y, View gate_up) {
  const Index m = y.cols;
  parallel_for(y.rows, /*grain=*/32, [=](Index i) {
    const auto a = gate_up.row(i).head(m).array(), u = gate_up.row(i).tail(m).array();
    for (Index j = 0; j < m; j += kTile) {
      const Index n = std::min(kTile, m - j);
      Eigen::Array<real, 1, kTile> tile;
      tile.head(n) = a.segment(j, n) / (kOne + (-a.segment(j, n)).exp()) * u.segment(j, n);
      y.row(i).segment(j, n).array() = tile.head(n);
    }
  });
}

void cpu::swiglu_backward(View d_gate_up, Accumulate into, View dy, View gate_up) {
  const Index m = dy.cols;
  parallel_for(dy.rows, /*grain=*/32, [=](Index i) {
    const auto a = gate_up.row(i).head(m).array(), u = gate_up.row(i).tail(m).array();
    const auto sigma = kOne / (kOne + (-a).exp());  // computed twice: cheaper than storing it
    flow(d_gate_up.row(i).head(m).array(),
         dy.row(i).array() * u * sigma * (kOne + a * (kOne - sigma)), into);
    flow(d_gate_up.row(i).tail(m).array(), dy.row(i).array() * a * sigma, into);
  });
}

Tensor swiglu(const Tensor& gate_up) {
  check(gate_up.cols() % 2 == 0, "swiglu: the last dimension of ", gate_up.shape(),
        " must be even: gate, then up");
  Shape shape = gate_up.shape();
  shape.back() /= 2;
  const Tensor y(shape, gate_up.device());
  const auto forward = on(y.device(), cpu::swiglu_forward, cuda::swiglu_forward);
  forward(y, gate_up);
  if (!recording()) return y;
  remakeable(y, Cost::kArithmetic, [=](View again) { forward(again, gate_up); });
  record("swiglu", {gate_up}, {y}, [gate_up, d_gate_up = gate_up.grad(), dy = y.grad()] {
    const Accumulate into = flow_into(d_gate_up);
    on(dy.device(), cpu::swiglu_backward, cuda::swiglu_backward)(d_gate_up, into, dy, gate_up);
  });
  return y;
}

}  // namespace seekling
