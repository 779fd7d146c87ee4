// The emulation of a GPU tells on kernels that are wrong: each mistake is planted here,
// and must come out. What address sanitizer has to tell is in faults.cpp. Without nvcc only:
// on a GPU some of these would hang.
#include "cuda/emulation.h"

#include <gtest/gtest.h>

#include "cuda/block.h"
#include "cuda/launch.h"
#include "cuda/pack.h"

namespace seekling {

using namespace cuda;

namespace {

using emulation::Order, emulation::Schedule;

// Each thread passes a number to the thread a warp further on, by way of shared memory.
__global__ void pass_on_kernel(float* y, bool wait) {
  SHARED_ARRAY(float, passed, [128]);
  passed[threadIdx.x] = float(threadIdx.x);
  if (wait) __syncthreads();
  y[threadIdx.x] = passed[(threadIdx.x + 96) % 128];
}

// In how many of eight orders does it come out right?
int right_in(bool wait) {
  const Schedule usual = emulation::schedule();
  int right = 0;
  for (unsigned n = 0; n < 8; ++n) {
    emulation::schedule() = n == 0   ? Schedule{Order::kForward}
                            : n == 1 ? Schedule{Order::kReverse}
                                     : Schedule{Order::kRandom, n};
    std::vector<float> y(128);
    launch(pass_on_kernel, 1, 128, y.data(), wait);
    bool all = true;
    for (unsigned i = 0; i < 128; ++i) all = all && y[i] == float((i + 96) % 128);
    right += all;
  }
  emulation::schedule() = usual;
  return right;
}

// Half of a row comes from x, half are zeros.
__global__ void fetch_kernel(real* y, const real* x, bool wait) {
  SHARED_ARRAY(Pack, row, [2]);
  fetch(row[threadIdx.x].of, x, threadIdx.x == 0);
  if (wait) wait_for_fetches();
  __syncthreads();
  for (int n = 0; n < kPack; ++n) y[threadIdx.x * kPack + n] = row[1 - threadIdx.x][n];
}

// The maximum of a block, and then its sum, through the same shared memory. Without the barrier
// between them, a warp may write its sum over a maximum that another one has not read yet.
__global__ void softmax_kernel(float* y, const float* x, bool wait) {
  SHARED_ARRAY(float, warps, [4]);
  const float most = warp_max(x[threadIdx.x]);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = most;
  __syncthreads();
  float top = warps[0];
  for (int w = 1; w < 4; ++w) top = std::max(top, warps[w]);
  if (wait) __syncthreads();
  const float sum = warp_sum(std::exp(x[threadIdx.x] - top));
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  float all = 0;
  for (int w = 0; w < 4; ++w) all += warps[w];
  y[threadIdx.x] = std::exp(x[threadIdx.x] - top) / all;
}

__global__ void two_barriers_kernel() {
  if (threadIdx.x < 40) __syncthreads();
  else __syncthreads();
}
__global__ void early_return_kernel() {
  if (threadIdx.x < 40) return;
  __syncthreads();
}
__global__ void half_a_warp_kernel() {
  if (threadIdx.x < 16) __shfl_xor_sync(kAllLanes, 1, 1);
}
__global__ void greedy_kernel() {
  SHARED_ARRAY(double, much, [1 << 13]);
  much[threadIdx.x] = 0;
}
__global__ void unwritten_kernel(float* y) {
  SHARED_ARRAY(float, never, [32]);
  y[threadIdx.x] = never[threadIdx.x];
}

}  // namespace

TEST(Emulation, AMissingBarrierComesOutInEveryOrder) {
  EXPECT_EQ(right_in(true), 8);
  EXPECT_EQ(right_in(false), 0);
}

TEST(Emulation, AMissingBarrierBetweenTwoUsesOfSharedMemoryComesOut) {
  std::vector<float> x(128), with(128), without(128);
  for (unsigned i = 0; i < 128; ++i) x[i] = float(i % 7);
  launch(softmax_kernel, 1, 128, with.data(), x.data(), true);
  launch(softmax_kernel, 1, 128, without.data(), x.data(), false);
  float sum = 0, difference = 0;
  for (unsigned i = 0; i < 128; ++i)
    sum += with[i], difference = std::max(difference, std::abs(with[i] - without[i]));
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_GT(difference, 1e-4);
}

TEST(Emulation, SharedMemoryThatNobodyWroteIsNaN) {
  std::vector<float> y(32);
  launch(unwritten_kernel, 1, 32, y.data());
  for (const float v : y) EXPECT_TRUE(std::isnan(v));
}

TEST(Emulation, WhatIsFetchedIsNotThereBeforeOneWaits) {
  alignas(16) real x[kPack], y[2 * kPack];
  std::fill_n(x, kPack, real(3));
  launch(fetch_kernel, 1, 2, y, x, true);
  for (int n = 0; n < 2 * kPack; ++n) EXPECT_EQ(y[n], n < kPack ? 0 : 3);
  launch(fetch_kernel, 1, 2, y, x, false);
  for (const real v : y) EXPECT_TRUE(std::isnan(v));
}

TEST(Emulation, NamesBarriersAndWarpOperationsThatNotAllReach) {
  const auto error_of = [](void (*kernel)(), unsigned threads) {
    try {
      launch(kernel, 1, threads);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(error_of(two_barriers_kernel, 64).find("__syncthreads() is reached at lines "),
            std::string::npos);
  EXPECT_NE(error_of(early_return_kernel, 64)
                .find("a thread returned without reaching the __syncthreads() at line "),
            std::string::npos);
  EXPECT_NE(
      error_of(half_a_warp_kernel, 32).find("names a lane that does not exist or has returned"),
      std::string::npos);
  EXPECT_EQ(error_of(greedy_kernel, 32),
            "a kernel wants 65536 bytes of shared memory, but CUDA gives a block at most 49152");
  EXPECT_EQ(error_of(early_return_kernel, 1025),
            "a kernel is launched on a grid of 1 x 1 x 1 blocks of 1025 threads, which CUDA does "
            "not allow");
}

}  // namespace seekling
