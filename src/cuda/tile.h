// Products of tiles, the building block of attention and of the experts' linear layers.
//
// A block of kTileThreads threads computes a tile of kSide x kSide sums C = A B in registers. The
// factors pass through shared memory, one part of the summed dimension k at a time, stored with k
// first: A as a[k][row], B as b[k][column].
//
// The Format defines the contents of shared memory: here Exact, unrounded values, which each thread
// multiplies itself; in cuda/matrix_units.h TF32 and bf16, which the GPU's matrix units multiply
// for a warp. A format has
//   Word, kPerWord   its unit, and how many neighbours along k that holds
//   word(x)          kPerWord numbers as a word
//   Sums<kSide>      the sums of a thread: their positions, and how they are computed
#pragma once

#include <type_traits>

#include "core/products.h"
#include "cuda/block.h"
#include "cuda/launch.h"
#include "cuda/pack.h"

namespace seekling::cuda {

constexpr int kTileThreads = 256;
constexpr int kTile = 16 * kPack;  // the side of a small tile: 64, in double 32
constexpr int kWide = 2 * kTile;   // and of a large one

template <class Format, int kWords_, int kSide_>
struct alignas(16) Tile {
  using Of = Format;
  using Word = typename Format::Word;
  using Row = Word[kSide_ + 8];  // 8 more than needed: (k + 0..3, i + 0..7) differ in bank
  static constexpr int kWords = kWords_, kSide = kSide_, kDepth = kWords * Format::kPerWord;

  Row words[kWords];
};

// --- from device memory to shared memory ---------------------------------------------------------

// A matrix that is read in packs; 0 outside. Its indices are 32-bit integers, because index
// arithmetic dominates.
template <bool kAligned>
struct Packs {
  const real* data;
  int rows, cols, ld;

  __device__ explicit Packs(const View& x)
      : data(x.data), rows(int(x.rows)), cols(int(x.cols)), ld(int(x.ld)) {}
  __device__ Pack operator()(int i, int j) const {
    if (i >= rows || j >= cols) return {};
    const real* x = data + Index(i) * ld + j;
    if constexpr (kAligned) return *reinterpret_cast<const Pack*>(x);
    else return with_each([&](int n) { return j + n < cols ? x[n] : real(0); });
  }
};

enum class From {
  kRows,    // tile[k][i] = x(i0 + i, k0 + k): k runs along x's rows
  kColumns  // tile[k][i] = x(k0 + k, i0 + i)
};

// A thread's share of a tile on the way from device to shared memory. A warp reads 32 bytes of each
// of 16 rows, or one row.
template <From kFrom, class T>
struct Share {
  using Format = typename T::Of;
  static constexpr int kPerWord = Format::kPerWord,
                       kPacks = T::kDepth * T::kSide / (kPack * kTileThreads);
  struct alignas(16) Words {
    typename Format::Word of[kPack];
  };
  Pack of[kPacks];

  template <class Source>
  __device__ void read(const Source& x, int i0, int k0) {
    UNROLL for (int n = 0; n < kPacks; ++n) {
      if constexpr (kFrom == From::kRows) of[n] = x(i0 + row(n), k0 + kPack * pack_of_row(n));
      else of[n] = x(k0 + word(n / kPerWord) * kPerWord + n % kPerWord, i0 + column(n / kPerWord));
    }
  }

  __device__ void store(T& tile) const {
    if constexpr (kFrom == From::kRows) {
      constexpr int kWordsOfPack = kPack / kPerWord;
      UNROLL for (int n = 0; n < kPacks; ++n) UNROLL for (int w = 0; w < kWordsOfPack; ++w)
          tile.words[pack_of_row(n) * kWordsOfPack + w][row(n)] =
          Format::word(&of[n].of[w * kPerWord]);
    } else {
      UNROLL for (int n = 0; n < kPacks; n += kPerWord) {
        Words words;
        UNROLL for (int i = 0; i < kPack; ++i) {
          real neighbours[kPerWord];
          UNROLL for (int k = 0; k < kPerWord; ++k) neighbours[k] = of[n + k][i];
          words.of[i] = Format::word(neighbours);
        }
        *reinterpret_cast<Words*>(&tile.words[word(n / kPerWord)][column(n / kPerWord)]) = words;
      }
    }
  }

 private:
  __device__ static int place(int n) { return n * kTileThreads + int(threadIdx.x); }
  __device__ static int row(int n) { return place(n) / 2 % T::kSide; }
  __device__ static int pack_of_row(int n) { return place(n) / (2 * T::kSide) * 2 + place(n) % 2; }
  __device__ static int word(int n) { return place(n) / (T::kSide / kPack); }
  __device__ static int column(int n) { return place(n) % (T::kSide / kPack) * kPack; }
};

// --- the sums ------------------------------------------------------------------------------------

// Each of 16 x 16 threads has kHalves x kHalves pieces of kPack x kPack sums. For each k it reads
// kPack neighbours of both factors at once and does kPack² multiplications with them.
template <int kSide>
struct ExactSums {
  static constexpr int kHalves = kSide / kTile, kRows = kHalves * kPack, kColumns = kRows;
  static constexpr int kNeighbours = kPack;  // of a row's columns, that are neighbours in C too
  real of[kRows][kColumns] = {};

  __device__ static int y() { return int(threadIdx.x) / 16; }
  __device__ static int x() { return int(threadIdx.x) % 16; }
  __device__ static int row(int i) { return i / kPack * kTile + y() * kPack + i % kPack; }
  __device__ static int column(int j) { return j / kPack * kTile + x() * kPack + j % kPack; }
  __device__ real& operator()(int i, int j) { return of[i][j]; }

  // x[i] of all threads that have sums of row i, put together.
  struct Room {};
  template <class F>
  __device__ static void over_row(real (&x)[kRows], Room&, F&& f) {
    UNROLL for (int i = 0; i < kRows; ++i) for (int lanes = 8; lanes > 0; lanes /= 2) x[i] =
        f(x[i], __shfl_xor_sync(kAllLanes, x[i], lanes));
  }

  template <class Row>
  __device__ void multiply_add(const Row* a, const Row* b, int words) {
    for (int k = 0; k < words; ++k) {
      Pack left[kHalves], right[kHalves];
      UNROLL for (int h = 0; h < kHalves; ++h) {
        left[h] = *reinterpret_cast<const Pack*>(&a[k][row(h * kPack)]);
        right[h] = *reinterpret_cast<const Pack*>(&b[k][column(h * kPack)]);
      }
      UNROLL for (int i = 0; i < kRows; ++i) UNROLL for (int j = 0; j < kColumns; ++j) of[i][j] +=
          left[i / kPack][i % kPack] * right[j / kPack][j % kPack];
    }
  }
};

struct Exact {
  using Word = real;
  static constexpr int kPerWord = 1;
  template <int kSide>
  using Sums = ExactSums<kSide>;

  __device__ static real word(const real* x) { return *x; }
};

template <class Format, int kSide>
using SumsOf = typename Format::template Sums<kSide>;

// sums += A B over k in [begin, end), in the block's tile from row i0 of A and column j0 of B on.
// Double buffering: while the threads multiply from one tile, the next part is loaded into the
// other.
template <From kA, From kB, class Sums, class T, class A, class B>
__device__ void multiply_add(Sums& sums, T (&left)[2], T (&right)[2], const A& a, int i0,
                             const B& b, int j0, int begin, int end) {
  Share<kA, T> next_a;
  Share<kB, T> next_b;
  next_a.read(a, i0, begin);
  next_b.read(b, j0, begin);
  int now = 0;
  for (int k = begin; k < end; k += T::kDepth, now ^= 1) {
    next_a.store(left[now]);
    next_b.store(right[now]);
    __syncthreads();  // no thread needs the other tile: the next round may overwrite it
    if (k + T::kDepth < end) {
      next_a.read(a, i0, k + T::kDepth);
      next_b.read(b, j0, k + T::kDepth);
    }
    sums.multiply_add(left[now].words, right[now].words, T::kWords);
  }
}

// Stores the sums as a left factor: their columns become its k.
template <class T, class Sums>
__device__ void store_as_left(T& tile, Sums& sums) {
  constexpr int kPerWord = T::Of::kPerWord;
  UNROLL for (int j = 0; j < Sums::kColumns; j += kPerWord)
      UNROLL for (int i = 0; i < Sums::kRows; ++i) {
    real neighbours[kPerWord];
    UNROLL for (int k = 0; k < kPerWord; ++k) neighbours[k] = sums(i, j + k);
    tile.words[sums.column(j) / kPerWord][sums.row(i)] = T::Of::word(neighbours);
  }
}

// c(i0 + row, j0 + column) (+)= sum, for each sum inside c.
template <class Sums>
__device__ void store_or_add(const View& c, Index i0, Index j0, Sums& sums, bool add) {
  constexpr int n = Sums::kNeighbours;
  struct alignas(n * sizeof(real)) Neighbours {
    real of[n];
  };
  const bool whole =
      reinterpret_cast<std::uintptr_t>(c.data) % sizeof(Neighbours) == 0 && c.ld % n == 0;
  UNROLL for (int i = 0; i < Sums::kRows; ++i) {
    const Index row = i0 + sums.row(i);
    UNROLL for (int j = 0; j < Sums::kColumns; j += n) {
      const Index column = j0 + sums.column(j);
      if (row >= c.rows || column >= c.cols) continue;
      real* to = &c(row, column);
      Neighbours x;
      if (whole && column + n <= c.cols) {
        const Neighbours before = add ? *reinterpret_cast<Neighbours*>(to) : Neighbours{};
        UNROLL for (int k = 0; k < n; ++k) x.of[k] = before.of[k] + sums(i, j + k);
        *reinterpret_cast<Neighbours*>(to) = x;
      } else {
        UNROLL for (int k = 0; k < n; ++k) if (column + k < c.cols) to[k] =
            (add ? to[k] : real(0)) + sums(i, j + k);
      }
    }
  }
}

}  // namespace seekling::cuda
