// bf16 on AMX, whose registers are tiles of 16 rows of 64 bytes. One instruction multiplies two
// tiles and adds the product, 16 x 16 values in fp32, to a third. A's tile has 16 rows of 16 words,
// each word two neighbours in k; B's tile has 16 pairs of rows, each word two neighbours in a
// column. That is 2 · 16 · 16 · 32 operations in 16 cycles.
//
// Words and panels are those of gemm_bf16.h, so the panels of B already have AMX's layout. Rows of
// A are stored row by row, also for Aᵀ. A block of C is 2 x 2 tiles: the four loads of a step feed
// four products.
#pragma once

#include "matmul/gemm_bf16.h"

namespace seekling {

// Tiles: load, store, zero a register, and multiply_add(r, v), which adds to C's tile (r, v) A's r
// times B's v. The registers are numbered c(r, v) = 2 r + v, a(r) = 4 + r, b(v) = 6 + v.
template <class Tiles>
struct TileKernel : PairPacking<64, 32> {
  using Packing = PairPacking<64, 32>;
  static constexpr Index kTile = 16;
  static constexpr Index kRows = 2 * kTile, kCols = 2 * kTile;
  static constexpr Index kDepth = 512;  // a panel is 32 KiB, which fit the L1 cache
  static_assert(kLanes == kTile && Packing::kCols == kCols);

  static constexpr int c(int r, int v) { return 2 * r + v; }
  static constexpr int a(int r) { return 4 + r; }
  static constexpr int b(int v) { return 6 + v; }

  // Of the transpose.
  static void pack_rows(float* packed, const float* x, Index ldx, Index n, Index K) {
    const Index words = steps(K);
    for (Index p = 0; p < words; p += kTile)
      for (Index i = 0; i < n; i += kTile) {
        Vector square[kTile] = {};
        for (Index q = 0; q < std::min(kTile, words - p); ++q) {
          const float* row = x + 2 * (p + q) * ldx + i;
          square[q] =
              pair(some(row, n - i), 2 * (p + q) + 1 < K ? some(row + ldx, n - i) : Vector{});
        }
        transpose(square);
        for (Index r = 0; r < std::min(kTile, n - i); ++r)
          std::memcpy(packed + (i + r) * words + p, &square[r],
                      size_t(std::min(kTile, words - p)) * sizeof(float));
      }
  }

  // C[n,m] = or += rows of words times a panel of V tiles a step. Rows of A beyond
  // n are read, not used.
  template <int R, int V>
  static void block(float* to, Index ldc, Index n, Index m, const float* rows, Index lda,
                    const float* panel, Index words, bool add) {
    // Load the sums. A tile at the border of C is computed in a copy of full size.
    const bool whole = n == R * kTile && m == V * kTile;
    alignas(64) float border[kRows * kCols];
    float* C = whole ? to : border;
    const Index ld = whole ? ldc : kCols;
    if (add && !whole)
      for (Index i = 0; i < n; ++i)
        std::memcpy(C + i * ld, to + i * ldc, size_t(m) * sizeof(float));
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v)
        add ? Tiles::load(c(r, v), C + (r * ld + v) * kTile, ld) : Tiles::zero(c(r, v));

    const auto step = [](const float* A, Index stride, const float* B) {
      for (int r = 0; r < R; ++r) Tiles::load(a(r), A + r * kTile * stride, stride);
      for (int v = 0; v < V; ++v) Tiles::load(b(v), B + v * kTile, V * kTile);
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) Tiles::multiply_add(r, v);
    };

    // Multiply, one tile of k at a time; zeros fill up the last one.
    Index p = 0;
    for (; p + kTile <= words; p += kTile) step(rows + p, lda, panel + p * V * kTile);
    if (const Index left = words - p; left > 0) {  // the last words, with zeros after them
      alignas(64) float A[kRows * kTile] = {}, B[kTile * kCols] = {};
      for (Index i = 0; i < n; ++i)
        std::memcpy(A + i * kTile, rows + i * lda + p, size_t(left) * sizeof(float));
      std::memcpy(B, panel + p * V * kTile, size_t(left * V * kTile) * sizeof(float));
      step(A, kTile, B);
    }
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) Tiles::store(c(r, v), C + (r * ld + v) * kTile, ld);
    if (!whole)
      for (Index i = 0; i < n; ++i)
        std::memcpy(to + i * ldc, C + i * ld, size_t(m) * sizeof(float));
  }

  template <bool kPacked>
  static void multiply(float* to, Index ldc, Index n, Index m, const float* rows, Index lda,
                       const float* panel, Index width, Index K, bool add) {
    Tiles::configure();
    const auto of_size = n > kTile ? (width > kTile ? block<2, 2> : block<2, 1>)
                                   : (width > kTile ? block<1, 2> : block<1, 1>);
    of_size(to, ldc, n, m, rows, kPacked ? steps(K) : lda, panel, steps(K), add);
  }

  static constexpr GemmInstructions kInstructions = [] {
    GemmInstructions cpu = Packing::with(multiply<false>, multiply<true>, pack_rows);
    cpu.rows = kRows, cpu.tile_rows = 4 * kRows, cpu.depth = kDepth;
    return cpu;
  }();
};

// nullptr unless the processor has AMX for bf16 and the operating system grants its use, which is
// requested once.
const GemmInstructions* gemm_amx();

}  // namespace seekling
