// The output head and its loss on a GPU, as in cross_entropy.cpp.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cuda/block.h"
#include "cuda/launch.h"
#include "matmul/gemm.h"
#include "ops/cross_entropy.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr int kThreads = 256;

// A block owns a row of logits: it computes the unweighted loss and, if a gradient is needed,
// overwrites the logits with dz · Σ w.
__global__ void row_loss_kernel(View z, View losses, const std::int32_t* targets, View weights,
                                bool gradient) {
  const Index i = blockIdx.x;
  const std::int32_t target = targets[i];
  const real w = weights[i];
  if (w == 0) {
    if (threadIdx.x == 0) losses[i] = 0;
    for (Index v = threadIdx.x; gradient && v < z.cols; v += blockDim.x) z(i, v) = 0;
    return;
  }
  real top = -std::numeric_limits<real>::infinity(), sum = 0;
  for (Index v = threadIdx.x; v < z.cols; v += blockDim.x) top = std::max(top, z(i, v));
  top = block_max(top);
  for (Index v = threadIdx.x; v < z.cols; v += blockDim.x) sum += std::exp(z(i, v) - top);
  sum = block_sum(sum);
  if (threadIdx.x == 0) losses[i] = std::log(sum) + top - z(i, target);
  if (!gradient) return;
  __syncthreads();  // z at the target has been read
  for (Index v = threadIdx.x; v < z.cols; v += blockDim.x)
    z(i, v) = std::exp(z(i, v) - top) * w / sum - (v == target ? w : real(0));
}

// One block: the weighted mean of N losses.
__global__ void mean_loss_kernel(View loss, View losses, View weights, double counted) {
  SHARED_ARRAY(double, part, [kThreads]);
  double sum = 0;
  for (Index i = threadIdx.x; i < losses.cols; i += blockDim.x)
    sum += double(losses[i]) * double(weights[i]);
  part[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (int t = 1; t < kThreads; ++t) sum += part[t];
  loss[0] = real(sum / counted);
}

// A block owns a row of sum.
__global__ void add_scaled_kernel(View sum, View x, View d_loss, double counted) {
  const Index i = blockIdx.x;
  const real factor = d_loss[0] / real(counted);
  for (Index j = threadIdx.x; j < x.cols; j += blockDim.x) sum(i, j) += factor * x(i, j);
}

}  // namespace

void cuda::head_cross_entropy_forward(View loss, View dh, View dW, View z, View h, View W,
                                      const Ints& targets, View weights, double counted,
                                      double* per_row) {
  const bool gradient = dh.data != nullptr;
  const Tensor losses({h.rows}, Device::kCuda);
  for (Index t0 = 0; t0 < h.rows; t0 += z.rows) {
    const Index n = std::min(z.rows, h.rows - t0);
    const View chunk = z.middle_rows(0, n), h_chunk = h.middle_rows(t0, n),
               mine{losses.data() + t0, 1, n, n}, w{weights.data + t0, 1, n, n};
    cuda::gemm_nt(chunk, h_chunk, W);
    launch(row_loss_kernel, unsigned(n), kThreads, chunk, mine, targets.data() + t0, w, gradient);
    if (!gradient) continue;
    cuda::gemm_backward(dh.middle_rows(t0, n), Accumulate::kNo, dW, Accumulate::kYes, chunk,
                        h_chunk, W);
  }
  launch(mean_loss_kernel, 1, kThreads, loss, losses.view(), weights, counted);
  if (!per_row) return;
  const Tensor here = losses.to(Device::kCpu);
  std::copy(here.data(), here.data() + here.size(), per_row);
}

void cuda::head_cross_entropy_backward(View into_h, View into_W, View d_loss, View dh, View dW,
                                       double counted) {
  if (dh.rows > 0)
    launch(add_scaled_kernel, unsigned(dh.rows), kThreads, into_h, dh, d_loss, counted);
  launch(add_scaled_kernel, unsigned(dW.rows), kThreads, into_W, dW, d_loss, counted);
}

}  // namespace seekling
