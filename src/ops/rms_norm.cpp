// RMSNorm. Zhang & Sennrich 2019 (arXiv:1910.07467), eq. 4; ε is the config's rms_norm_eps.
//   y_i = g_i x_i r      r = (mean_j x_j² + ε)^(-1/2)                  x, y [..,D]   g [D]   r [..]
// Backward: ∂r/∂x_j = -r³ x_j / D. With n = r x and a = g ⊙ dy,
//   dx = r (a - n mean(a ⊙ n))      dg = Σ_rows dy ⊙ n
#include "ops/rms_norm.h"

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

constexpr Index kRows = 64;  // per piece of work

void cpu::rms_norm_forward(View y, View r, View x, View g, real eps) {
  parallel_for(x.rows, /*grain=*/kRows, [=](Index i) {
    r[i] = 1 / std::sqrt(x.row(i).squaredNorm() / real(x.cols) + eps);
    y.row(i) = r[i] * x.row(i).cwiseProduct(g.vector());
  });
}

void cpu::rms_norm_backward(View dx, Accumulate into_x, View dg, View dy, View x, View g, View r) {
  const Index stripes = (x.rows + kRows - 1) / kRows;
  const Tensor memory = Tensor::zeros({stripes, x.cols});
  const View sums = memory;  // partial sums of dg, one per stripe of rows: no atomics
  parallel_stripes(x.rows, kRows, [=](Index begin, Index n) {
    for (Index i = begin; i < begin + n; ++i) {
      const auto a = dy.row(i).cwiseProduct(g.vector());
      const real mean_an = r[i] * a.dot(x.row(i)) / real(x.cols);
      flow(dx.row(i), r[i] * (a - mean_an * r[i] * x.row(i)), into_x);
      sums.row(begin / kRows) += r[i] * dy.row(i).cwiseProduct(x.row(i));
    }
  });
  for (Index s = 0; s < stripes; ++s) dg.row(0) += sums.row(s);
}

Tensor rms_norm(const Tensor& x, const Tensor& gain, real eps) {
  check(gain.size() == x.cols(), "rms_norm: gain ", gain.shape(),
        " must match the last dimension of x ", x.shape());
  const Tensor y = Tensor::like(x), r({x.rows()}, x.device());  // r, kept for backward, is small
  const auto forward = on(x.device(), cpu::rms_norm_forward, cuda::rms_norm_forward);
  forward(y, r, x, gain, eps);
  if (!recording()) return y;
  remakeable(y, Cost::kArithmetic, [=](View again) { forward(again, r, x, gain, eps); });
  record("rms_norm", {x, gain}, {y}, [x, gain, r, dx = x.grad(), dy = y.grad()] {
    const Accumulate into_x = flow_into(dx);
    on(x.device(), cpu::rms_norm_backward, cuda::rms_norm_backward)(dx, into_x, gain.grad(), dy, x,
                                                                    gain, r);
  });
  return y;
}

}  // namespace seekling
