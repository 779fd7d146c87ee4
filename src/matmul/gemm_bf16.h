// The loops of gemm_kernel.h over bf16, the upper half of a float (core/half.h).
// The product of two bf16 values is exact in fp32, and sums are kept in fp32, so the only error is
// from rounding a and b to 8 bits of mantissa.
//
// AVX512-BF16 multiplies two neighbours in k with one instruction, which may double the speed; AMX
// multiplies whole tiles (gemm_amx.h). Elsewhere the rounded values remain floats, and the loops
// are those of fp32: no faster, but with the same rounding.
#pragma once

#include <cstdint>

#include "matmul/gemm_kernel.h"

namespace seekling {

template <int kBytes, int kRegisters>
struct Bf16Kernel : GemmKernel<float, kBytes, kRegisters> {
  using Base = GemmKernel<float, kBytes, kRegisters>;
  using Base::kLanes, Base::kRows, Base::load, Base::store;
  using Vector = typename Base::Vector;
  typedef std::uint32_t Words __attribute__((vector_size(kBytes)));

  // To the nearest bf16, ties to the even one, in the upper half. Rounding must not
  // carry a NaN into infinity.
  static Words rounded(Vector v) {
    const Words bits = Words(v), nearest = bits + 0x7FFF + ((bits >> 16) & 1),
                quiet = bits | 0x400000;
    return (v == v ? nearest : quiet) & 0xFFFF0000;
  }
};

template <int kBytes, int kRegisters>
struct RoundedKernel : Bf16Kernel<kBytes, kRegisters> {
  using Rounding = Bf16Kernel<kBytes, kRegisters>;
  using Rounding::kLanes, Rounding::kRows, Rounding::load, Rounding::rounded, Rounding::store;
  using typename Rounding::Base, typename Rounding::Vector;

  static void round(float* x, Index n) {
    Index i = 0;
    for (; i + kLanes <= n; i += kLanes) store(x + i, Vector(rounded(load(x + i))));
    if (i < n) {
      const Vector last = Vector(rounded(load(x + i, n - i)));
      std::memcpy(x + i, &last, size_t(n - i) * sizeof(float));
    }
  }

  // Packed values are rounded in place, while they are in the L1 cache.
  static void pack(float* panel, const float* b, Index ldb, Index m, Index K) {
    Base::pack(panel, b, ldb, m, K);
    round(panel, (m > kLanes ? 2 : 1) * kLanes * K);
  }
  static void pack_transposed(float* panel, const float* b, Index ldb, Index m, Index K) {
    Base::pack_transposed(panel, b, ldb, m, K);
    round(panel, (m > kLanes ? 2 : 1) * kLanes * K);
  }
  static void pack_rows(float* packed, const float* a, Index lda, Index n, Index K) {
    Base::pack_rows(packed, a, lda, n, K);
    round(packed, (n + kRows - 1) / kRows * kRows * K);  // the gaps after them are never read
  }
  static void round_rows(float* rows, const float* a, Index lda, Index n, Index K) {
    for (Index i = 0; i < n; ++i) std::memcpy(rows + i * K, a + i * lda, size_t(K) * sizeof(float));
    round(rows, n * K);
  }

  static constexpr GemmInstructions kInstructions = [] {  // but for what packs, those of fp32
    GemmInstructions cpu = Base::instructions(nullptr);
    cpu.pack = pack, cpu.pack_transposed = pack_transposed, cpu.pack_rows = pack_rows,
    cpu.round_rows = round_rows;
    cpu.dot = nullptr;  // reads B as it lies
    return cpu;
  }();
};

// A word of 32 bits holds the numbers of two neighbours in k, k even in its lower half.
// So a panel is half as long. An odd K ends with a zero.
template <int kBytes, int kRegisters>
struct PairPacking : Bf16Kernel<kBytes, kRegisters> {
  using Rounding = Bf16Kernel<kBytes, kRegisters>;
  using Rounding::fetch, Rounding::kLanes, Rounding::load, Rounding::rounded, Rounding::store;
  using typename Rounding::Base, typename Rounding::Vector, typename Rounding::Words;

  static Vector pair(Vector even, Vector odd) {
    return Vector((rounded(even) >> 16) | rounded(odd));
  }
  static Vector some(const float* p, Index n) { return n >= kLanes ? load(p) : load(p, n); }
  static Index steps(Index K) { return (K + 1) / 2; }

  static void pack(float* panel, const float* b, Index ldb, Index m, Index K) {
    const int V = m > kLanes ? 2 : 1;
    for (Index k = 0; k < K; k += 2)
      for (int v = 0; v < V; ++v) {
        const Index n = std::min<Index>(kLanes, m - v * kLanes);
        const float* row = b + k * ldb + v * kLanes;
        fetch(row + Base::kAhead * ldb), fetch(row + (Base::kAhead + 1) * ldb);
        const Vector odd = k + 1 < K ? some(row + ldb, n) : Vector{};
        store(panel + (k / 2 * V + v) * kLanes, pair(some(row, n), odd));
      }
  }

  static void pack_transposed(float* panel, const float* b, Index ldb, Index m, Index K) {
    const int V = m > kLanes ? 2 : 1;
    for (int v = 0; v < V; ++v) {
      const Index n = std::min<Index>(kLanes, m - v * kLanes);
      for (Index k = 0; k < K; k += kLanes) {
        const Index depth = std::min<Index>(kLanes, K - k);
        Vector square[kLanes] = {};
        for (int i = 0; i < n; ++i) square[i] = some(b + (v * kLanes + i) * ldb + k, depth);
        Base::transpose(square);
        for (int i = 0; i < depth; i += 2)  // beyond the depth the square is zero
          store(panel + ((k + i) / 2 * V + v) * kLanes, pair(square[i], square[i + 1]));
      }
    }
  }

  // The rows as they are.
  static void round_rows(float* words, const float* a, Index lda, Index n, Index K) {
    for (Index i = 0; i < n; ++i, a += lda, words += steps(K)) {
      Index k = 0;
      for (; k + 2 * kLanes <= K; k += 2 * kLanes)
        store(words + k / 2, pairs(load(a + k), load(a + k + kLanes)));
      if (const Index left = K - k; left > 0) {
        const Vector last = pairs(some(a + k, left),
                                  left > kLanes ? load(a + k + kLanes, left - kLanes) : Vector{});
        std::memcpy(words + k / 2, &last, size_t(steps(left)) * sizeof(float));
      }
    }
  }
  static Vector pairs(Vector x, Vector y) {
    return pair(every_second<0>(x, y), every_second<1>(x, y));
  }

  template <int kFrom>
  static Vector every_second(Vector x, Vector y) {
    return every_second<kFrom>(x, y, std::make_integer_sequence<int, kLanes>());
  }
  template <int kFrom, int... L>
  static Vector every_second(Vector x, Vector y, std::integer_sequence<int, L...>) {
    return __builtin_shufflevector(x, y, (kFrom + 2 * L)...);
  }

  // The instructions of a kernel that reads words, of which only these are its own.
  template <class Multiply, class PackRows>
  static constexpr GemmInstructions with(Multiply* multiply, Multiply* multiply_packed,
                                         PackRows* pack_rows) {
    return {.rows = Base::kRows,
            .cols = Base::kCols,
            .tile_rows = Base::kTileRows,
            .tile_cols = Base::kTileCols,
            .depth = Base::kDepth,
            .multiply = multiply,
            .multiply_packed = multiply_packed,
            .pack = pack,
            .pack_transposed = pack_transposed,
            .pack_rows = pack_rows,
            .dot = nullptr,
            .step = 2,
            .round_rows = round_rows};
  }
};

// A step over k takes two at once, by Pairs::add.
template <int kBytes, int kRegisters, class Pairs>
struct PairedKernel : PairPacking<kBytes, kRegisters> {
  using Packing = PairPacking<kBytes, kRegisters>;
  using Packing::fetch, Packing::kLanes, Packing::kRows, Packing::load, Packing::pair,
      Packing::steps;
  using typename Packing::Base, typename Packing::Vector, typename Packing::Words;

  // Of the transpose.
  static void pack_rows(float* packed, const float* a, Index lda, Index n, Index K) {
    for (Index k = 0; k < K; k += 2, a += 2 * lda) {
      for (Index i = 0; i < n; i += kLanes)
        fetch(a + Base::kAhead * lda + i), fetch(a + (Base::kAhead + 1) * lda + i);
      for (Index i = 0; i < n; i += kRows) {
        const Vector words = pair(part(a, i, n), k + 1 < K ? part(a + lda, i, n) : Vector{});
        float* to = packed + i * steps(K) + k / 2 * kRows;
        if (n - i >= kRows) {
          std::memcpy(to, &words, kRows * sizeof(float));  // the size is constant: two moves
        } else {
          std::memcpy(to, &words, size_t(n - i) * sizeof(float));
        }
      }
    }
  }
  // At least kRows of the numbers from i on, or all that are left of n. Where a whole Vector would
  // reach beyond them, one that ends with them is turned by so many lanes.
  static Vector part(const float* row, Index i, Index n) {
    static_assert(kRows <= kLanes);
    constexpr int kTurn = kLanes - kRows;
    if (n - i >= kLanes) return load(row + i);
    if (n - i == kRows && i >= kTurn) return turned<kTurn>(load(row + i - kTurn));
    return load(row + i, n - i);
  }
  template <int kTurn>
  static Vector turned(Vector v) {
    return turned<kTurn>(v, std::make_integer_sequence<int, kLanes>());
  }
  template <int kTurn, int... L>
  static Vector turned(Vector v, std::integer_sequence<int, L...>) {
    return __builtin_shufflevector(v, v, ((kTurn + L) % kLanes)...);
  }

  template <int R, int V, bool kPacked>
  static void tile(float* c, Index ldc, Index m, const float* a, Index lda, const float* b, Index K,
                   bool add) {
    Vector sum[R][V] = {};
    for (int i = 0; i < R; ++i) fetch(c + i * ldc);  // there when the sums are
    for (Index p = 0; p < steps(K); ++p) {
      Words b_p[V];
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) b_p[v] = Words(load(b + (p * V + v) * kLanes));
      Pairs::template add<R, V>(sum, b_p, [&](int i) {
        std::uint32_t word;
        std::memcpy(&word, a + (kPacked ? p * kRows + i : i * lda + p), sizeof word);
        return Words{} + word;
      });
    }
    Base::template put<R, V>(c, ldc, m, sum, add);
  }

  static constexpr GemmInstructions kInstructions =
      Packing::with(Base::template multiply<PairedKernel, false>,
                    Base::template multiply<PairedKernel, true>, pack_rows);
};

const GemmInstructions* gemm_avx512_bf16();  // nullptr on another kind of machine

}  // namespace seekling
