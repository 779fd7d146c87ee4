// Layer normalisation. Ba et al. 2016 (arXiv:1607.06450) eq. 4:
//   n = (x - mean x) r      r = (mean (x - mean x)² + ε)^(-1/2)      y = g ⊙ n + b    x, y [..,D]
// Backward, with a = g ⊙ dy:
//   dx = r (a - mean a - n mean(a ⊙ n))      dg = Σ_rows dy ⊙ n      db = Σ_rows dy
// In DeepSeek's models only the keys of V3.2's indexer are normalised like this.
// No twin: sparse attention runs on the CPU.
#include "ops/layer_norm.h"

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

static void layer_norm_backward(View dx, View dg, View db, View dy, View n, View r, View g) {
  parallel_for(dx.rows, /*grain=*/64, [=](Index i) {
    const auto a = dy.row(i).cwiseProduct(g.vector());
    const real mean_a = a.mean(), mean_an = a.dot(n.row(i)) / real(n.cols);
    dx.row(i).array() += r[i] * (a.array() - mean_a - mean_an * n.row(i).array());
  });
  for (Index i = 0; i < dx.rows; ++i) {  // in order: the same bits for any number of threads
    dg.row(0) += dy.row(i).cwiseProduct(n.row(i));
    db.row(0) += dy.row(i);
  }
}

Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, real eps) {
  check(gain.size() == x.cols() && bias.size() == x.cols(), "layer_norm: gain ", gain.shape(),
        " and bias ", bias.shape(), " must match the last dimension of x ", x.shape());
  check(x.device() == Device::kCpu, "layer_norm runs on the CPU only");
  const Tensor y = Tensor::like(x), n = Tensor::like(x), r({x.rows()});
  parallel_for(x.rows(), /*grain=*/64,
               [=, from = x.view(), g = gain.view(), b = bias.view(), to = y.view(),
                normal = n.view(), r = r.view()](Index i) {
                 const Row x_i = from.row(i);  // aligned: the sum's order is the same for any row
                 normal.row(i) = x_i.array() - x_i.mean();
                 r[i] = 1 / std::sqrt(normal.row(i).squaredNorm() / real(from.cols) + eps);
                 normal.row(i) *= r[i];
                 to.row(i) = normal.row(i).cwiseProduct(g.vector()) + b.vector();
               });
  if (!recording()) return y;
  record("layer_norm", {x, gain, bias}, {y},
         [gain, n, r, dx = x.grad(), dg = gain.grad(), db = bias.grad(), dy = y.grad()] {
           layer_norm_backward(dx, dg, db, dy, n, r, gain);
         });
  return y;
}

}  // namespace seekling
