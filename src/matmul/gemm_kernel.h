// The innermost loops of a matrix product, over registers. They are written in GCC's and Clang's
// vector extensions: a Vector has kLanes elements, and + and * act on all of them at once. The
// compiler selects the instructions, so one source serves AVX-512 and AVX2, float and double.
// gemm.cpp has the loops around these.
//
// The tile of C that the registers hold is kRows x kCols: 12 x 2 Vectors on AVX-512,
// whose 32 registers then hold 24 sums, 2 Vectors of B and some of A; 6 x 2 on AVX2,
// which has 16. A step of k loads 2 Vectors and 12 values and does 24 multiply-adds with them: the
// more sums a load feeds, the less the loads matter.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/real.h"

namespace seekling {

// The interface of an instruction set to gemm.cpp. A panel is kCols columns of B, or kCols / 2 at
// the right border, stored k by k, with zeros beyond the last column.
struct GemmInstructions {
  Index rows, cols;  // kRows, kCols
  Index tile_rows;   // rows of C per tile; their part of A stays in a thread's cache
  Index tile_cols;   // columns of C per tile; their panels stay in a thread's cache
  Index depth;       // the most of k in one pass

  // C[n,m] = or += a b, over the first m columns of a panel b that is `width` wide, and n <= kRows
  // rows: a(i,k) at a[i lda + k], or packed at a[k kRows + i].
  using Multiply = void(real* c, Index ldc, Index n, Index m, const real* a, Index lda,
                        const real* b, Index width, Index K, bool add);
  Multiply *multiply, *multiply_packed;

  // Packs a panel of B[K, m], and of the transpose, B[m, K].
  using Pack = void(real* panel, const real* b, Index ldb, Index m, Index K);
  Pack *pack, *pack_transposed;
  // A[K, n], any n, packed for multiply_packed: kRows columns after kRows columns, each
  // as long as words(K) kRows.
  void (*pack_rows)(real* packed, const real* a, Index lda, Index n, Index K);

  // C[n,N] = or += A[n,K] B[N,K]ᵀ, n <= 4. nullptr: there is none.
  void (*dot)(real* c, Index ldc, Index n, const real* a, Index lda, const real* b, Index ldb,
              Index N, Index K, bool add);

  // For bf16 (gemm_bf16.h), where a packed word may hold two numbers that follow each other in k:
  // `step` is then 2. A is not read in place but as words of these rows. The instructions
  // for fp32 name those for bf16.
  Index step = 1;
  Pack* round_rows = nullptr;  // A[n, K]
  const GemmInstructions* bf16 = nullptr;

  Index words(Index K) const { return (K + step - 1) / step; }
};

template <class T, int kBytes, int kRegisters>  // bytes of a vector register, number of them
struct GemmKernel {
  typedef T Vector __attribute__((vector_size(kBytes)));
  static constexpr int kLanes = kBytes / int(sizeof(T));
  static constexpr int kRows = kRegisters == 32 ? 12 : 6;
  static constexpr int kCols = 2 * kLanes;
  // More panels per tile mean that A is packed or loaded less often. AVX-512's 16 take 512 KiB of
  // the L2 cache, of which such machines have 1 MiB or more; AVX2's 8 take 192 KiB.
  static constexpr int kDepth = kRegisters == 32 ? 256 : 384;
  static_assert(kDepth % 2 == 0);  // pairs of bf16 are not cut apart
  static constexpr int kTileRows = 48;
  static constexpr int kTileCols = (kRegisters == 32 ? 16 : 8) * kCols;

  static Vector load(const T* p) {
    Vector v;
    std::memcpy(&v, p, sizeof v);  // one unaligned load
    return v;
  }
  static Vector load(const T* p, Index n) {  // the first n lanes; zeros after them
    Vector v = {};
    std::memcpy(&v, p, size_t(n) * sizeof(T));
    return v;
  }
  static void store(T* p, Vector v) { std::memcpy(p, &v, sizeof v); }

  // The hardware prefetcher follows consecutive memory, but the rows of a part of a matrix are far
  // apart.
  static void fetch(const T* p) { __builtin_prefetch(p); }
  static constexpr Index kAhead = 16;  // rows: by then they have come from main memory

  // C[R, m] = or += a b. Each element of C is one chain of multiply-adds in the order of k for any
  // R and V, so tile borders do not affect the bits.
  template <int R, int V, bool kPacked>  // rows; Vectors a row
  static void tile(T* c, Index ldc, Index m, const T* a, Index lda, const T* b, Index K, bool add) {
    Vector sum[R][V] = {};
    for (int i = 0; i < R; ++i) fetch(c + i * ldc);  // there when the sums are
    for (Index k = 0; k < K; ++k) {
      Vector b_k[V];
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) b_k[v] = load(b + (k * V + v) * kLanes);
#pragma GCC unroll 12
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < V; ++v)
          sum[i][v] += (kPacked ? a[k * kRows + i] : a[i * lda + k]) * b_k[v];
    }
    put<R, V>(c, ldc, m, sum, add);
  }

  template <int R, int V>  // C = or += sum, over the first m columns
  __attribute__((always_inline)) static void put(T* c, Index ldc, Index m,
                                                 const Vector (&sum)[R][V], bool add) {
#pragma GCC unroll 12
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) {
        T* to = c + i * ldc + v * kLanes;
        if (const Index left = m - v * kLanes; left >= kLanes) {
          store(to, add ? load(to) + sum[i][v] : sum[i][v]);
        } else if (left > 0) {
          const Vector some = add ? load(to, left) + sum[i][v] : sum[i][v];
          std::memcpy(to, &some, size_t(left) * sizeof(T));
        }
      }
  }

  // The tile of `Kernel`, this one or one built upon it, for n rows and a panel of this width.
  template <class Kernel, bool kPacked, int... R>
  static void tile_of(std::integer_sequence<int, R...>, T* c, Index ldc, Index n, Index m,
                      const T* a, Index lda, const T* b, Index width, Index K, bool add) {
    using Tile = void(T*, Index, Index, const T*, Index, const T*, Index, bool);
    static constexpr Tile* kTile[2][kRows] = {{Kernel::template tile<R + 1, 1, kPacked>...},
                                              {Kernel::template tile<R + 1, 2, kPacked>...}};
    kTile[width > kLanes][n - 1](c, ldc, m, a, lda, b, K, add);
  }
  template <class Kernel, bool kPacked>
  static void multiply(T* c, Index ldc, Index n, Index m, const T* a, Index lda, const T* b,
                       Index width, Index K, bool add) {
    tile_of<Kernel, kPacked>(std::make_integer_sequence<int, kRows>(), c, ldc, n, m, a, lda, b,
                             width, K, add);
  }

  static void pack(T* panel, const T* b, Index ldb, Index m, Index K) {
    const int V = m > kLanes ? 2 : 1;
    if (m == kCols) {
      for (Index k = 0; k < K; ++k) {
        fetch(b + (k + kAhead) * ldb);
        std::memcpy(panel + k * kCols, b + k * ldb, kCols * sizeof(T));
      }
    } else {
      for (Index k = 0; k < K; ++k)
        for (int v = 0; v < V; ++v)
          store(panel + (k * V + v) * kLanes,
                load(b + k * ldb + v * kLanes, std::min<Index>(kLanes, m - v * kLanes)));
    }
  }

  static void pack_transposed(T* panel, const T* b, Index ldb, Index m, Index K) {
    const int V = m > kLanes ? 2 : 1;
    for (int v = 0; v < V; ++v) {
      const Index n = std::min<Index>(kLanes, m - v * kLanes);
      for (Index k = 0; k < K; k += kLanes) {
        const Index depth = std::min<Index>(kLanes, K - k);
        Vector square[kLanes] = {};
        for (int i = 0; i < n; ++i) {
          const T* row = b + (v * kLanes + i) * ldb + k;
          square[i] = depth == kLanes ? load(row) : load(row, depth);
        }
        transpose(square);
        for (int i = 0; i < depth; ++i) store(panel + ((k + i) * V + v) * kLanes, square[i]);
      }
    }
  }

  static void pack_rows(T* packed, const T* a, Index lda, Index n, Index K) {
    const Index whole = n / kRows * kRows;
    for (Index k = 0; k < K; ++k, packed += kRows, a += lda) {
      for (Index i = 0; i < n; i += kLanes) fetch(a + kAhead * lda + i);
      for (Index i = 0; i < whole; i += kRows)
        std::memcpy(packed + i * K, a + i, kRows * sizeof(T));
      if (whole < n) std::memcpy(packed + whole * K, a + whole, size_t(n - whole) * sizeof(T));
    }
  }

  // Two vectors shuffled like two halves of a pack of cards, x0 y0 x1 y1 ..: the lower half
  // of the result, or the upper.
  template <int kFrom, int... L>
  static Vector shuffled(Vector x, Vector y, std::integer_sequence<int, L...>) {
    return __builtin_shufflevector(x, y, (kFrom + L / 2 + L % 2 * kLanes)...);
  }
  static Vector low(Vector x, Vector y) {
    return shuffled<0>(x, y, std::make_integer_sequence<int, kLanes>());
  }
  static Vector high(Vector x, Vector y) {
    return shuffled<kLanes / 2>(x, y, std::make_integer_sequence<int, kLanes>());
  }

  // kLanes vectors as the rows of a square, transposed. Row i is shuffled with row i + kLanes/2,
  // log2(kLanes) times: each time moves one bit of the row's number to the lane's number.
  static void transpose(Vector (&rows)[kLanes]) {
#pragma GCC unroll 4
    for (int bit = 1; bit < kLanes; bit *= 2) {
      Vector next[kLanes];
#pragma GCC unroll 8
      for (int i = 0; i < kLanes / 2; ++i) {
        next[2 * i] = low(rows[i], rows[i + kLanes / 2]);
        next[2 * i + 1] = high(rows[i], rows[i + kLanes / 2]);
      }
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
    }
  }

  // The sums over lanes of kLanes vectors, as one vector: the same shuffle, but
  // the two halves are added.
  static Vector sums(Vector (&rows)[kLanes]) {
#pragma GCC unroll 4
    for (int half = kLanes / 2; half > 0; half /= 2)
#pragma GCC unroll 8
      for (int i = 0; i < half; ++i)
        rows[i] = low(rows[i], rows[i + half]) + high(rows[i], rows[i + half]);
    return rows[0];
  }

  // For the few rows of a decoding step: B is read only once, so packing would cost more than it
  // saves. R rows of A are multiplied by kLanes / R rows of B at a time.
  template <int R>
  static void dot(T* c, Index ldc, const T* a, Index lda, const T* b, Index ldb, Index N, Index K,
                  bool add) {
    constexpr int J = kLanes / R;
    for (Index j = 0; j < N; j += J) {
      const T* row[J];  // beyond the last row: the last one again, its result unused
      for (int l = 0; l < J; ++l) row[l] = b + (j + l < N ? j + l : N - 1) * ldb;
      Vector sum[kLanes] = {};
      const auto step = [&](Index k, auto... n) {
#pragma GCC unroll 16
        for (int l = 0; l < J; ++l) {
          const Vector b_l = load(row[l] + k, n...);
#pragma GCC unroll 4
          for (int i = 0; i < R; ++i) sum[i * J + l] += load(a + i * lda + k, n...) * b_l;
        }
      };
      Index k = 0;
      for (; k + kLanes <= K; k += kLanes) step(k);
      if (k < K) step(k, K - k);
      const Vector all = sums(sum);
      for (int i = 0; i < R; ++i)
        for (int l = 0; l < J && j + l < N; ++l) {
          T& to = c[i * ldc + j + l];
          to = add ? to + all[i * J + l] : all[i * J + l];
        }
    }
  }
  static void dot_of(T* c, Index ldc, Index n, const T* a, Index lda, const T* b, Index ldb,
                     Index N, Index K, bool add) {
    for (; n >= 4; n -= 4, a += 4 * lda, c += 4 * ldc) dot<4>(c, ldc, a, lda, b, ldb, N, K, add);
    if (n >= 2) dot<2>(c, ldc, a, lda, b, ldb, N, K, add), n -= 2, a += 2 * lda, c += 2 * ldc;
    if (n == 1) dot<1>(c, ldc, a, lda, b, ldb, N, K, add);
  }

  static constexpr GemmInstructions instructions(const GemmInstructions* bf16) {
    return {.rows = kRows,
            .cols = kCols,
            .tile_rows = kTileRows,
            .tile_cols = kTileCols,
            .depth = kDepth,
            .multiply = multiply<GemmKernel, false>,
            .multiply_packed = multiply<GemmKernel, true>,
            .pack = pack,
            .pack_transposed = pack_transposed,
            .pack_rows = pack_rows,
            .dot = dot_of,
            .bf16 = bf16};
  }
};

// gemm_avx512.cpp and gemm_avx2.cpp: nullptr where they are compiled for another kind of machine.
const GemmInstructions* gemm_avx512();
const GemmInstructions* gemm_avx2();

const GemmInstructions* gemm_instructions();  // those in use; nullptr: Eigen

// For tests and benchmarks: sets the instructions, or Eigen for nullptr. Returns the previous ones.
const GemmInstructions* set_gemm_instructions(const GemmInstructions* cpu);

}  // namespace seekling
