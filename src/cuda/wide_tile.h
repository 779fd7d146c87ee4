// A block's share of a large product: kWide x kWide sums C = A B, 2 x 2 tiles of cuda/tile.h. Who makes the sums is an
// engine: `multiply_add` takes the next kDepth of the summed dimension from shared memory, `for_each` calls
// store(row, column, sum) for those that the thread is to store.
//
// ExactSums works in `real`. MatrixUnitSums has the GPU's matrix units (tensor cores) multiply, 16 x 16 numbers a warp at
// a time: factors in TF32, a float with 10 of its 23 bits behind the point, sums in float.
#pragma once

#include "cuda/tile.h"

#if defined(__CUDACC__)
#include <mma.h>
#else
#include <bit>
#endif

namespace seekling::cuda {

constexpr int kWide = 2 * kTile;

struct alignas(128) Half {  // kTile of the kWide rows of A, or columns of B
  TileRow k[kDepth];
};

struct ExactSums {
  Sums of[2][2] = {};

  __device__ void multiply_add(const Half* a, const Half* b) {
    for (int k = 0; k < kDepth; ++k) {
      const Own x[2] = {a[0].k[k][threadIdx.y], a[1].k[k][threadIdx.y]};
      const Own y[2] = {b[0].k[k][threadIdx.x], b[1].k[k][threadIdx.x]};
      for (int p = 0; p < 2; ++p)
        for (int q = 0; q < 2; ++q)
          for (int i = 0; i < kOwn; ++i)
            for (int j = 0; j < kOwn; ++j) of[p][q].of[i][j] += x[p].of[i] * y[q].of[j];
    }
  }

  template <class Store>
  __device__ void for_each(Half*, Store&& store) const {
    for (int p = 0; p < 2; ++p)
      for (int i = 0; i < kOwn; ++i)
        for (int q = 0; q < 2; ++q)
          for (int j = 0; j < kOwn; ++j) store(p * kTile + own_row(i), q * kTile + own_column(j), of[p][q].of[i][j]);
  }
};

#ifndef SEEKLING_DOUBLE

// What the matrix units work on. Compiled as C++, a warp's first lane does their work.
#if defined(__CUDACC__)
namespace units = nvcuda::wmma;
using Units16x16 = units::fragment<units::accumulator, 16, 16, 8, float>;
using UnitsA = units::fragment<units::matrix_a, 16, 16, 8, units::precision::tf32, units::col_major>;
using UnitsB = units::fragment<units::matrix_b, 16, 16, 8, units::precision::tf32, units::row_major>;

__device__ inline void clear(Units16x16& c) { units::fill_fragment(c, 0.0f); }
template <class Factor>
__device__ void read(Factor& factor, const float* from, int ld) {
  units::load_matrix_sync(factor, from, unsigned(ld));
  for (float& x : factor.x) x = units::__float_to_tf32(x);
}
__device__ inline void multiply_add(Units16x16& c, const UnitsA& a, const UnitsB& b) { units::mma_sync(c, a, b, c); }
__device__ inline void write(float* to, const Units16x16& c) {
  units::store_matrix_sync(to, c, 16, units::mem_row_major);
}
#else
struct Units16x16 {
  float x[16][16];
};
struct UnitsA {
  float x[8][16];  // x[k][row], and in B x[k][column]
};
struct UnitsB : UnitsA {};

inline bool first_lane() { return thread_in_tile() % 32 == 0; }
inline void clear(Units16x16& c) { c = {}; }
inline void read(UnitsA& factor, const float* from, int ld) {
  __syncwarp();
  for (int k = 0; k < 8 && first_lane(); ++k)
    for (int i = 0; i < 16; ++i)
      factor.x[k][i] = std::bit_cast<float>((std::bit_cast<std::uint32_t>(from[k * ld + i]) + 0x1000u) & ~0x1FFFu);
}
inline void multiply_add(Units16x16& c, const UnitsA& a, const UnitsB& b) {
  for (int i = 0; i < 16 && first_lane(); ++i)
    for (int j = 0; j < 16; ++j)
      for (int k = 0; k < 8; ++k) c.x[i][j] += a.x[k][i] * b.x[k][j];
}
inline void write(float* to, const Units16x16& c) {
  for (int n = 0; n < 256 && first_lane(); ++n) to[n] = c.x[n / 16][n % 16];
}
#endif

// Of 8 warps, each makes 64 rows of 32 columns: 4 x 2 pieces of 16 x 16.
struct MatrixUnitSums {
  Units16x16 of[4][2];

  __device__ MatrixUnitSums() {
    for (auto& row : of)
      for (Units16x16& c : row) clear(c);
  }
  __device__ static int warp() { return thread_in_tile() / 32; }

  __device__ void multiply_add(const Half* a, const Half* b) {
    const Half &left = a[warp() / 4], &right = b[warp() % 4 / 2];
    for (int k = 0; k < kDepth; k += 8) {
      UnitsA rows[4];
      UnitsB columns[2];
      for (int i = 0; i < 4; ++i) read(rows[i], left.k[k][16 * i / kOwn].of, kTileRow);
      for (int j = 0; j < 2; ++j) read(columns[j], right.k[k][(warp() % 2 * 32 + 16 * j) / kOwn].of, kTileRow);
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 2; ++j) cuda::multiply_add(of[i][j], rows[i], columns[j]);
    }
  }

  // By way of shared memory: which lane holds which sum is the hardware's secret.
  template <class Store>
  __device__ void for_each(Half* shared, Store&& store) const {
    __syncthreads();  // all are done with the tiles
    float* piece = shared->k[0][0].of + warp() * 256;
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 2; ++j) {
        write(piece, of[i][j]);
        __syncwarp();
        for (int n = thread_in_tile() % 32; n < 256; n += 32)
          store(warp() / 4 * 64 + 16 * i + n / 16, warp() % 4 * 32 + 16 * j + n % 16, piece[n]);
        __syncwarp();
      }
  }
};

#endif

}  // namespace seekling::cuda
