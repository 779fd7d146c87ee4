// Sums and maxima over a warp, and over a block of whole warps. Everybody gets the result.
// Always in the same order.
#pragma once

#include "core/real.h"
#include "cuda/launch.h"

namespace seekling::cuda {

constexpr unsigned kAllLanes = 0xffffffffu;

template <class T>
__device__ T warp_sum(T x) {
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(kAllLanes, x, lanes);
  return x;
}

template <class T>
__device__ T warp_max(T x) {
  for (int lanes = 16; lanes > 0; lanes /= 2) x = std::max(x, __shfl_xor_sync(kAllLanes, x, lanes));
  return x;
}

// Of each lane of a warp, the sum of x over the lanes up to it. Blocks of one warp.
__device__ inline std::int32_t warp_scan(std::int32_t x) {
  for (unsigned lanes = 1; lanes < 32; lanes *= 2) {
    const std::int32_t before = __shfl_up_sync(kAllLanes, x, lanes);
    if (threadIdx.x >= lanes) x += before;
  }
  return x;
}

// Of a block of several rows of threads, a sum for each row: of those with one threadIdx.y.
template <class T>
__device__ T block_sum(T x) {
  SHARED_ARRAY(T, warps, [32]);
  const unsigned of_row = blockDim.x / 32, first = threadIdx.y * of_row;
  x = warp_sum(x);
  __syncthreads();  // the result of the previous call has been read
  if (threadIdx.x % 32 == 0) warps[first + threadIdx.x / 32] = x;
  __syncthreads();
  T sum = 0;
  for (unsigned w = 0; w < of_row; ++w) sum += warps[first + w];
  return sum;
}

template <class T>
__device__ T block_max(T x) {
  SHARED_ARRAY(T, warps, [32]);
  x = warp_max(x);
  __syncthreads();
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = x;
  __syncthreads();
  T most = warps[0];
  for (unsigned w = 1; w < blockDim.x / 32; ++w) most = std::max(most, warps[w]);
  return most;
}

}  // namespace seekling::cuda
