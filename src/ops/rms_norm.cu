// RMSNorm on a GPU: equations and derivation as in rms_norm.cpp. Memory bandwidth is the limit, so
// each value is read once: a thread keeps its packs of a row in registers while the threads of the
// row compute their common sums.
#include <cmath>

#include "core/check.h"
#include "cuda/block.h"
#include "cuda/pack.h"
#include "ops/rms_norm.h"

namespace seekling {

using namespace cuda;

namespace {

// A block owns a row of y.
template <bool kAligned>
__global__ void __launch_bounds__(kMostRowThreads)
    rms_norm_forward_kernel(View y, View r, View x, View g, real eps) {
  const Index i = blockIdx.x;
  Pack x_i[kRowPacks];
  real sum = 0;
  each_pack_of_row(x.cols, [&](Index j, int k) {
    x_i[k] = load<kAligned>(x, i, j);
    for (const real x_n : x_i[k].of) sum += x_n * x_n;
  });
  const real r_i = 1 / std::sqrt(block_sum(sum) / real(x.cols) + eps);
  each_pack_of_row(x.cols, [&](Index j, int k) {
    const Pack g_j = load<kAligned>(g, 0, j);
    store<kAligned>(y, i, j, with_each([&](int n) { return r_i * x_i[k][n] * g_j[n]; }));
  });
  if (threadIdx.x == 0) r[i] = r_i;
}

// The sum of x over the threads with the same threadIdx.x, returned to the one with threadIdx.y =
// 0.
__device__ Pack column_sum(Pack x) {
  SHARED_ARRAY(Pack, all, [kMostRowThreads]);
  __syncthreads();  // the packs of the previous call have been read
  all[threadIdx.y * blockDim.x + threadIdx.x] = x;
  __syncthreads();
  for (unsigned row = 1; threadIdx.y == 0 && row < blockDim.y; ++row)
    for (int n = 0; n < kPack; ++n) x[n] += all[row * blockDim.x + threadIdx.x][n];
  return x;
}

// dg is a sum over all rows, computed in two steps. In this step a block owns every gridDim.x-th
// group of blockDim.y rows of dx and their share of dg, one row of `shares`. The threads with the
// same threadIdx.y have one row of dx.
template <bool kAligned>
__global__ void __launch_bounds__(kMostRowThreads)
    rms_norm_backward_kernel(View dx, bool add, View shares, View dy, View x, View g, View r) {
  Pack g_own[kRowPacks], share[kRowPacks] = {};
  each_pack_of_row(x.cols, [&](Index j, int k) { g_own[k] = load<kAligned>(g, 0, j); });
  for (Index i0 = Index(blockIdx.x) * blockDim.y; i0 < x.rows;
       i0 += Index(gridDim.x) * blockDim.y) {
    const Index i = i0 + threadIdx.y, cols = i < x.rows ? x.cols : 0;
    const real r_i = cols ? r[i] : real(0);
    Pack a[kRowPacks], normed[kRowPacks];
    real a_n = 0;
    each_pack_of_row(cols, [&](Index j, int k) {
      const Pack dy_j = load<kAligned>(dy, i, j), x_j = load<kAligned>(x, i, j);
      UNROLL for (int n = 0; n < kPack; ++n) {
        a[k][n] = dy_j[n] * g_own[k][n], normed[k][n] = r_i * x_j[n];
        a_n += a[k][n] * normed[k][n];
        share[k][n] += dy_j[n] * normed[k][n];
      }
    });
    const real mean_an = block_sum(a_n) / real(x.cols);
    each_pack_of_row(cols, [&](Index j, int k) {
      store_or_add<kAligned>(
          dx, i, j, with_each([&](int n) { return r_i * (a[k][n] - mean_an * normed[k][n]); }),
          add);
    });
  }
  UNROLL for (int k = 0; k < kRowPacks; ++k) {
    const Pack sum = column_sum(share[k]);
    const Index j = column_of_pack(k);
    if (threadIdx.y == 0 && j < x.cols) store<kAligned>(shares, blockIdx.x, j, sum);
  }
}

// In the second step a block owns a stripe of the columns of dg; a thread adds one pack of them
// over every 8th share.
constexpr unsigned kStripe = 32, kRows = 8;

template <bool kAligned>
__global__ void add_up_shares_kernel(View dg, View shares) {
  const Index j = Index(blockIdx.x * kStripe + threadIdx.x) * kPack;
  Pack sum = {};
  for (Index i = threadIdx.y; i < shares.rows && j < dg.cols; i += kRows) {
    const Pack share = load<kAligned>(shares, i, j);
    for (int n = 0; n < kPack; ++n) sum[n] += share[n];
  }
  sum = column_sum(sum);
  if (threadIdx.y == 0 && j < dg.cols) store_or_add<kAligned>(dg, 0, j, sum, /*add=*/true);
}

void check_width(Index cols) {
  check(cols <= kMostRow, "rms_norm: rows of ", cols, " elements; on a GPU they may have at most ",
        kMostRow);
}

}  // namespace

void cuda::rms_norm_forward(View y, View r, View x, View g, real eps) {
  if (x.rows == 0) return;
  check_width(x.cols);
  launch(aligned({y, x, g}) ? rms_norm_forward_kernel<true> : rms_norm_forward_kernel<false>,
         unsigned(x.rows), threads_for_row(x.cols), y, r, x, g, eps);
}

void cuda::rms_norm_backward(View dx, Accumulate into_x, View dg, View dy, View x, View g, View r) {
  if (x.rows == 0) return;
  check_width(x.cols);
  constexpr Index kBusy = 264;  // blocks of 256 threads that keep a GPU busy
  const unsigned threads = threads_for_row(x.cols), rows = std::max(1u, 256 / threads);
  const Tensor shares({std::min(kBusy, (x.rows + rows - 1) / rows), x.cols}, Device::kCuda);
  launch(aligned({dx, dy, x, g, shares}) ? rms_norm_backward_kernel<true>
                                         : rms_norm_backward_kernel<false>,
         unsigned(shares.rows()), dim3(threads, rows), dx, into_x == Accumulate::kYes,
         shares.view(), dy, x, g, r);
  const Index stripes = (x.cols + kStripe * kPack - 1) / (kStripe * kPack);
  launch(aligned({dg, shares}) ? add_up_shares_kernel<true> : add_up_shares_kernel<false>,
         unsigned(stripes), dim3(kStripe, kRows), dg, shares.view());
}

}  // namespace seekling
