// Cross-entropy fused with the head:
//   z = h Wᵀ      ℓ_t = log Σ_v exp z_tv - z_t,target                   h [N,D]   W [V,D]   z [N,V]
//   L = Σ_t w_t ℓ_t / Σ_t w_t       w_t = 0 where the target is ignored; 1 makes it the plain mean
// Backward: ∂ℓ_t/∂z_tv = softmax(z_t)_v - [v = target], times w_t, then as a linear layer:
// dh = dz W, dW = dzᵀ h. [N,V] would be by far the largest tensor of a small model (tiny: 2048 x
// 2048, V3: 4096 x 129280 per sequence), so z is computed in chunks of rows and turned into dz in
// place. While a tape records, dh and dW are therefore computed in the forward pass, which avoids
// computing z twice; backward only multiplies by dL.
#include "ops/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/parallel.h"
#include "matmul/gemm.h"
#include "tensor/tape.h"

namespace seekling {

// Rows per chunk. More rows reuse each packed panel of W more often, but z takes more memory.
static Index chunk_rows(Device device, Index V) {
  return device == Device::kCpu ? std::clamp<Index>((1 << 23) / V, 256, 1024)
                                : std::max<Index>(256, (1 << 24) / V);
}

// The unweighted loss of one row; if `gradient`, z becomes dz · Σ w.
static double row_loss(RowMap z, std::int32_t target, real w, bool gradient) {
  if (w == 0) {
    if (gradient) z.setZero();
    return 0;
  }
  const real max = z.maxCoeff(), z_target = z[target];
  z.array() = (z.array() - max).exp();
  const real sum = z.sum();
  if (gradient) {
    z /= sum / w;
    z[target] -= w;
  }
  return std::log(double(sum)) + double(max) - double(z_target);
}

static void add_scaled(View sum, View x, real factor) {
  parallel_for(sum.rows, /*grain=*/64, [=](Index i) { sum.row(i) += factor * x.row(i); });
}

void cpu::head_cross_entropy_forward(View loss, View dh, View dW, View z, View h, View W,
                                     const Ints& targets, View weights, double counted,
                                     double* per_row) {
  const bool gradient = dh.data != nullptr;
  std::vector<double> losses(size_t(h.rows), 0);
  for (Index t0 = 0; t0 < h.rows; t0 += z.rows) {
    const Index n = std::min(z.rows, h.rows - t0);
    const View chunk = z.middle_rows(0, n), h_chunk = h.middle_rows(t0, n);
    gemm_nt(chunk, h_chunk, W);
    parallel_for(n, /*grain=*/8, [&, chunk](Index i) {
      losses[size_t(t0 + i)] = row_loss(chunk.row(i), targets[t0 + i], weights[t0 + i], gradient);
    });
    if (!gradient) continue;
    gemm_nn(dh.middle_rows(t0, n), chunk, W);
    gemm_tn(dW, chunk, h_chunk, Accumulate::kYes);
  }
  if (per_row) std::copy(losses.begin(), losses.end(), per_row);
  loss[0] = real(std::inner_product(losses.begin(), losses.end(), weights.data, 0.0) / counted);
}

void cpu::head_cross_entropy_backward(View into_h, View into_W, View d_loss, View dh, View dW,
                                      double counted) {
  const real factor = d_loss[0] / real(counted);
  add_scaled(into_h, dh, factor);
  add_scaled(into_W, dW, factor);
}

// The weight of each target in the mean, on the CPU.
static Tensor weights_of(std::span<const std::int32_t> targets, std::span<const float> given,
                         Index V) {
  const Tensor weights({Index(targets.size())});
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const std::int32_t target = targets[t];
    const float w = given.empty() ? 1 : given[t];
    check(target == kIgnored || (target >= 0 && target < V), "head_cross_entropy: target ", target,
          " is outside the vocabulary of ", V);
    check(std::isfinite(w) && w >= 0, "head_cross_entropy: the weight of row ", t, " is ", w,
          ", expected a finite number of at least 0");
    weights.data()[t] = target == kIgnored ? real(0) : real(w);
  }
  return weights;
}

Tensor head_cross_entropy(const Tensor& h, const Tensor& W, std::span<const std::int32_t> targets,
                          std::span<const float> given, double* per_row) {
  const Index N = h.rows(), V = W.dim(0), D = W.cols();
  check(h.cols() == D && Index(targets.size()) == N, "head_cross_entropy: ", targets.size(),
        " targets for h ", h.shape(), " and head ", W.shape());
  check(given.empty() || given.size() == targets.size(), "head_cross_entropy: ", given.size(),
        " weights for ", targets.size(), " targets");
  const Tensor weights = weights_of(targets, given, V);
  const double sum = std::accumulate(weights.data(), weights.data() + N, 0.0),
               counted = sum > 0 ? sum : 1;
  const bool gradient = recording();
  const Device device = h.device();
  const Tensor loss({1}, device), z({std::min(chunk_rows(device, V), N), V}, device);
  const Tensor dh = gradient ? Tensor({N, D}, device) : Tensor();
  const Tensor dW = gradient ? Tensor::zeros({V, D}, device) : Tensor();
  const auto view = [](const Tensor& x) { return x.defined() ? x.view() : View{}; };
  on(device, cpu::head_cross_entropy_forward, cuda::head_cross_entropy_forward)(
      loss, view(dh), view(dW), z, h, W, Ints(targets, device), weights.to(device), counted,
      per_row);
  record("head_cross_entropy", {h, W}, {loss},
         [=, into_h = h.grad(), into_W = W.grad(), d_loss = loss.grad()] {
           on(device, cpu::head_cross_entropy_backward, cuda::head_cross_entropy_backward)(
               into_h, into_W, d_loss, dh, dW, counted);
         });
  return loss;
}

}  // namespace seekling
