// Products of tiles in shared memory: what attention and the experts' linear layers are made of.
//
// A block of kSide x kSide threads makes a tile of kTile x kTile sums C = A B. Thread (x, y) owns kOwn x kOwn of them, in
// registers: rows y·kOwn .., columns x·kOwn .. The operands come through shared memory, kDepth of the summed dimension at
// a time, and lie there with that dimension first: A as a[k][row], B as b[k][column]. So for each k a thread reads kOwn
// neighbours of either, two reads of 16 bytes, and does kOwn² multiplications with them.
#pragma once

#include "core/real.h"
#include "cuda/launch.h"
#include "tensor/view.h"

namespace seekling::cuda {

constexpr int kSide = 16;
constexpr int kOwn = 16 / sizeof(real);
constexpr int kTile = kSide * kOwn;  // 64, in double 32
constexpr int kDepth = 32;

struct alignas(16) Own {
  real of[kOwn];
};
using TileRow = Own[kSide + 1];  // one more than needed, so that what load_rows stores falls into different banks
constexpr int kTileRow = (kSide + 1) * kOwn;

struct Sums {
  real of[kOwn][kOwn];
};

__device__ inline real& at(TileRow& row, int i) { return row[i / kOwn].of[i % kOwn]; }
__device__ inline int thread_in_tile() { return int(threadIdx.y) * kSide + int(threadIdx.x); }
__device__ inline int own_row(int i) { return int(threadIdx.y) * kOwn + i; }
__device__ inline int own_column(int j) { return int(threadIdx.x) * kOwn + j; }

// c += Σ_k a[k][row] b[k][column] over kDepth of k.
__device__ inline void multiply_add(Sums& c, const TileRow* a, const TileRow* b) {
  for (int k = 0; k < kDepth; ++k) {
    const Own x = a[k][threadIdx.y], y = b[k][threadIdx.x];
    for (int i = 0; i < kOwn; ++i)
      for (int j = 0; j < kOwn; ++j) c.of[i][j] += x.of[i] * y.of[j];
  }
}

// tile[k][i] = x(i0 + i, k0 + k), and 0 outside of x. A warp reads 4 rows, 8 neighbours of each.
template <class Matrix>
__device__ void load_rows(TileRow* tile, const Matrix& x, Index i0, Index k0) {
  for (int n = thread_in_tile(); n < kTile * kDepth; n += kSide * kSide) {
    const int k = n % 8 + n / 32 % (kDepth / 8) * 8, i = n / 8 % 4 + n / (4 * kDepth) * 4;
    at(tile[k], i) = i0 + i < x.rows && k0 + k < x.cols ? x(i0 + i, k0 + k) : real(0);
  }
}

// tile[k][j] = x(k0 + k, j0 + j), and 0 outside of x. A warp reads neighbours of one row.
template <class Matrix>
__device__ void load_columns(TileRow* tile, const Matrix& x, Index k0, Index j0) {
  for (int n = thread_in_tile(); n < kTile * kDepth; n += kSide * kSide) {
    const int k = n / kTile, j = n % kTile;
    at(tile[k], j) = k0 + k < x.rows && j0 + j < x.cols ? x(k0 + k, j0 + j) : real(0);
  }
}

// Over the kSide threads that own the same rows.
__device__ inline real row_sum(real x) {
  for (int lanes = kSide / 2; lanes > 0; lanes /= 2) x += __shfl_xor_sync(0xffffffffu, x, lanes, kSide);
  return x;
}
__device__ inline real row_max(real x) {
  for (int lanes = kSide / 2; lanes > 0; lanes /= 2) x = std::max(x, __shfl_xor_sync(0xffffffffu, x, lanes, kSide));
  return x;
}

}  // namespace seekling::cuda
