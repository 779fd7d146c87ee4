// Element-wise kernels are limited by memory bandwidth. So a thread moves 16 bytes at a time, a
// pack, which is the most that one instruction can move, and neighbouring threads move neighbouring
// packs. If rows do not start and end on a boundary of 16 bytes, the same kernel compiled with
// kAligned = false moves single values.
//
//   template <bool kAligned>
//   __global__ void add_kernel(View y, View a, View b) {
//     each_pack(y, [&](Index i, Index j) {
//       const Pack left = load<kAligned>(a, i, j), right = load<kAligned>(b, i, j);
//       store<kAligned>(y, i, j, with_each([&](int n) { return left[n] + right[n]; }));
//     });
//   }
//   launch_packs(y, aligned({y, a, b}) ? add_kernel<true> : add_kernel<false>, y, a, b);
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "core/real.h"
#include "cuda/launch.h"
#include "tensor/view.h"

namespace seekling::cuda {

constexpr int kPack = 16 / sizeof(real);
constexpr unsigned kPackThreads = 256;
constexpr Index kMostPackBlocks = 4096;  // more than a GPU runs; then several packs a thread

struct alignas(16) Pack {
  real of[kPack];

  constexpr real& operator[](int n) { return of[n]; }
  constexpr real operator[](int n) const { return of[n]; }
};

template <class F>
__device__ Pack with_each(F&& f) {  // {f(0), f(1), ...}
  Pack p;
  UNROLL for (int n = 0; n < kPack; ++n) p[n] = f(n);
  return p;
}

// Numbers (i, j) and those after it; 0 where the row has ended.
template <bool kAligned>
__device__ Pack load(const View& x, Index i, Index j) {
  if constexpr (kAligned) return *reinterpret_cast<const Pack*>(&x(i, j));
  else return with_each([&](int n) { return j + n < x.cols ? x(i, j + n) : real(0); });
}

template <bool kAligned>
__device__ void store(const View& x, Index i, Index j, const Pack& p) {
  if constexpr (kAligned) {
    *reinterpret_cast<Pack*>(&x(i, j)) = p;
  } else {
    UNROLL for (int n = 0; n < kPack; ++n) if (j + n < x.cols) x(i, j + n) = p[n];
  }
}

template <bool kAligned>
__device__ void store_or_add(const View& x, Index i, Index j, const Pack& p, bool add) {
  const Pack before = add ? load<kAligned>(x, i, j) : Pack{};
  store<kAligned>(x, i, j, with_each([&](int n) { return before[n] + p[n]; }));
}

// Starts an asynchronous copy of a pack from device to shared memory; zeros if `there` is false. It
// is complete after the thread's wait_for_fetches(), and visible to other threads after a barrier.
__device__ inline void fetch(real* to, const real* from, bool there) {
#if defined(__CUDACC__)
  asm volatile(
      "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(unsigned(__cvta_generic_to_shared(to))),
      "l"(from), "r"(there ? 16 : 0)
      : "memory");
#else
  emulation::fetch(to, there ? from : nullptr, sizeof(Pack));
#endif
}
__device__ inline void wait_for_fetches() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_all;" ::: "memory");
#else
  emulation::wait_for_fetches();
#endif
}

// Calls f(i, j) for this thread's packs of x, which are divided among all threads of the grid.
template <class F>
__device__ void each_pack(const View& x, F&& f) {
  const Index in_a_row = (x.cols + kPack - 1) / kPack, threads = Index(gridDim.x) * blockDim.x;
  for (Index n = Index(blockIdx.x) * blockDim.x + threadIdx.x; n < x.rows * in_a_row; n += threads)
    f(n / in_a_row, n % in_a_row * kPack);
}

// The packs of a row, divided among the threads with the same threadIdx.y: at most kRowPacks each,
// which the thread may keep in registers.
constexpr int kRowPacks = 16 / kPack;
constexpr unsigned kMostRowThreads = 512;
constexpr Index kMostRow = kMostRowThreads * kRowPacks * kPack;

__device__ inline Index column_of_pack(int k) {
  return (Index(k) * blockDim.x + threadIdx.x) * kPack;
}

// f(j, k): its k-th pack begins at column j.
template <class F>
__device__ void each_pack_of_row(Index cols, F&& f) {
  UNROLL for (int k = 0; k < kRowPacks; ++k) if (const Index j = column_of_pack(k); j < cols)
      f(j, k);
}

// Can n numbers from here on be taken in whole packs?
__device__ inline bool in_packs(const real* x, Index n) {
  return reinterpret_cast<std::uintptr_t>(x) % 16 == 0 && n % kPack == 0;
}

// --- on the host ---------------------------------------------------------------------------------

inline bool aligned(std::initializer_list<View> views) {
  return std::all_of(views.begin(), views.end(), [](const View& x) {
    return reinterpret_cast<std::uintptr_t>(x.data) % 16 == 0 && x.cols % kPack == 0 &&
           (x.rows <= 1 || x.ld % kPack == 0);
  });
}

// A kernel that calls each_pack(x, ...).
template <class... Parameters, class... Arguments>
void launch_packs(const View& x, void (*kernel)(Parameters...), Arguments... arguments) {
  const Index packs = x.rows * ((x.cols + kPack - 1) / kPack),
              blocks = (packs + kPackThreads - 1) / kPackThreads;
  if (blocks > 0)
    launch(kernel, unsigned(std::min(blocks, kMostPackBlocks)), kPackThreads, arguments...);
}

// The number of threads per row: whole warps, 16 values per thread. So even rows of 512 values keep
// enough loads in flight, and few threads wait for each other.
inline unsigned threads_for_row(Index cols) {
  constexpr Index kOfAWarp = 32 * kRowPacks * kPack;
  return unsigned(std::max<Index>(1, (cols + kOfAWarp - 1) / kOfAWarp) * 32);
}

}  // namespace seekling::cuda
