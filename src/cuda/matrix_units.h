// Products on the GPU's matrix units (tensor cores), for cuda/tile.h: factors in TF32, a float with
// 10 of its 23 mantissa bits, or in bf16, with 7; products are exact and are summed in float.
//
// One instruction of a warp multiplies 16 rows by 8 columns, 8 words deep. A word has 32 bits: one
// number in TF32, two neighbours along k in bf16. Which lane holds what is the hardware's choice
// (PTX ISA, "Matrix Fragments for mma.m16n8k8" and "for mma.m16n8k16"), and the same for both.
// With g = lane / 4 and t = lane % 4,
//   A   words (row, k):     (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4)
//   B   words (k, column):  (t, g), (t + 4, g)
//   C   sums (row, column): (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1)
// The emulation of a GPU keeps to this.
#pragma once

#include <bit>
#include <cstdint>

#include "core/half.h"
#include "cuda/tile.h"

namespace seekling::cuda {

template <class Word>
struct UnitA {
  Word of[4];
};
template <class Word>
struct UnitB {
  Word of[2];
};
struct UnitC {
  real of[4];
};

__device__ inline int lane_of_warp() { return int(threadIdx.x) % 32; }

#if defined(__CUDACC__)

__device__ inline std::uint32_t to_tf32(float x) {
  std::uint32_t word;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(word) : "f"(x));
  return word;
}
__device__ inline std::uint32_t to_bf16_pair(float low, float high) {
  std::uint32_t word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  return word;
}

#define SEEKLING_MMA(SHAPE_AND_TYPES)                                                              \
  asm volatile(                                                                                    \
      "mma.sync.aligned." SHAPE_AND_TYPES " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};" \
      : "+f"(c.of[0]), "+f"(c.of[1]), "+f"(c.of[2]), "+f"(c.of[3])                                 \
      : "r"(a.of[0]), "r"(a.of[1]), "r"(a.of[2]), "r"(a.of[3]), "r"(b.of[0]), "r"(b.of[1]))

template <bool kBf16>
__device__ void mma(UnitC& c, const UnitA<std::uint32_t>& a, const UnitB<std::uint32_t>& b) {
  if constexpr (kBf16) SEEKLING_MMA("m16n8k16.row.col.f32.bf16.bf16.f32");
  else SEEKLING_MMA("m16n8k8.row.col.f32.tf32.tf32.f32");
}
#undef SEEKLING_MMA

// c[j] += a b[j]
template <bool kBf16, int N>
__device__ void multiply_add(UnitC (&c)[N], const UnitA<std::uint32_t>& a,
                             const UnitB<std::uint32_t> (&b)[N]) {
  UNROLL for (int j = 0; j < N; ++j) mma<kBf16>(c[j], a, b[j]);
}

#else

inline std::uint32_t to_tf32(float x) {
  return (std::bit_cast<std::uint32_t>(x) + 0x1000u) & ~0x1FFFu;
}
inline std::uint32_t to_bf16_pair(float low, float high) {
  return to_bf16(low) | std::uint32_t(to_bf16(high)) << 16;
}

// Lanes exchange the addresses of their factors, and each computes its own sums; none continues
// before all are done.
template <int N, class Word, class Product>
void multiply_add_emulated(UnitC (&c)[N], const UnitA<Word>& a, const UnitB<Word> (&b)[N],
                           Product product) {
  struct Factors {
    const UnitA<Word>* a;
    const UnitB<Word>* b;
  } const mine{&a, b};
  emulation::meet_warp(kAllLanes, reinterpret_cast<std::uint64_t>(&mine), __LINE__);
  const auto of_lane = [](int lane) {
    return reinterpret_cast<const Factors*>(emulation::value_of_lane(unsigned(lane)));
  };
  const int g = lane_of_warp() / 4, t = lane_of_warp() % 4;
  for (int n = 0; n < 4; ++n)
    for (int k = 0; k < 8; ++k) {
      const Factors *left = of_lane(4 * g + k % 4), *right = of_lane(4 * (2 * t + n % 2) + k % 4);
      for (int j = 0; j < N; ++j)
        c[j].of[n] += product(left->a->of[k / 4 * 2 + n / 2], right->b[j].of[k / 4]);
    }
  emulation::meet_warp(kAllLanes, 0, __LINE__);
}

template <bool kBf16, int N>
void multiply_add(UnitC (&c)[N], const UnitA<std::uint32_t>& a,
                  const UnitB<std::uint32_t> (&b)[N]) {
  multiply_add_emulated(c, a, b, [](std::uint32_t x, std::uint32_t y) -> real {
    if (!kBf16) return std::bit_cast<float>(x) * std::bit_cast<float>(y);
    return from_bf16(std::uint16_t(x)) * from_bf16(std::uint16_t(y)) +
           from_bf16(std::uint16_t(x >> 16)) * from_bf16(std::uint16_t(y >> 16));
  });
}

#endif

// c += a b in fp32. Each factor is split into two TF32 values, x = high + low, whose 11 bits each
// cover all but the last one or two of its 24. The product of the two low parts is omitted: it is
// below the last bit. In double, which only the emulation supports, factors are not split.
#if defined(__CUDACC__)

struct Halves {
  std::uint32_t high, low;  // of low the units read 11 bits

  __device__ explicit Halves(float x) {
    asm volatile("cvt.rna.tf32.f32 %0, %1;" : "=r"(high) : "f"(x));  // volatile: not kept
    low = std::bit_cast<std::uint32_t>(x - std::bit_cast<float>(high));
  }
};

__device__ inline void multiply_add(UnitC& c, const UnitA<float>& a, const UnitB<float>& b) {
  UnitA<std::uint32_t> a_high, a_low;
  UnitB<std::uint32_t> b_high, b_low;
  UNROLL for (int n = 0; n < 4; ++n) {
    const Halves x(a.of[n]);
    a_high.of[n] = x.high, a_low.of[n] = x.low;
  }
  UNROLL for (int n = 0; n < 2; ++n) {
    const Halves x(b.of[n]);
    b_high.of[n] = x.high, b_low.of[n] = x.low;
  }
  mma<false>(c, a_low, b_high);
  mma<false>(c, a_high, b_low);
  mma<false>(c, a_high, b_high);
}

#else

inline void multiply_add(UnitC& c, const UnitA<real>& a, const UnitB<real>& b) {
  const auto product = [](real x, real y) {
    if constexpr (sizeof(real) == sizeof(double)) return x * y;
    const auto high = [](real of) { return real(std::bit_cast<float>(to_tf32(float(of)))); };
    const auto low = [&](real of) {
      return real(
          std::bit_cast<float>(std::bit_cast<std::uint32_t>(float(of - high(of))) & ~0x1FFFu));
    };
    return low(x) * high(y) + high(x) * low(y) + high(x) * high(y);
  };
  UnitC sums[1] = {c};
  const UnitB<real> right[1] = {b};
  multiply_add_emulated(sums, a, right, product);
  c = sums[0];
}

#endif

#ifndef SEEKLING_DOUBLE

// Of a tile of kSide x kSide sums, each of 8 warps makes M x N pieces of 16 x 8;
// kAcross warps stand side by side.
template <bool kBf16, int kSide>
struct UnitSums {
  static constexpr int kAcross = kSide == kTile ? 2 : 4, N = kSide / (8 * kAcross),
                       M = kSide * kAcross / 128;
  static constexpr int kRows = 2 * M, kColumns = 2 * N, kNeighbours = 2;
  UnitC of[M][N] = {};

  __device__ static int row0() {
    return int(threadIdx.x) / 32 / kAcross * 16 * M + lane_of_warp() / 4;
  }
  __device__ static int column0() { return int(threadIdx.x) / 32 % kAcross * 8 * N; }
  __device__ static int row(int i) { return row0() + 8 * i; }
  __device__ static int column(int j) {
    return column0() + j / 2 * 8 + lane_of_warp() % 4 * 2 + j % 2;
  }
  __device__ float& operator()(int i, int j) { return of[i / 2][j / 2].of[i % 2 * 2 + j % 2]; }

  // x[i] of all threads that have sums of row i, put together: of four lanes, and then of the warps
  // side by side. There is a barrier between two calls.
  struct Room {
    float of[kAcross][kSide];
  };
  template <class F>
  __device__ static void over_row(float (&x)[kRows], Room& room, F&& f) {
    UNROLL for (int i = 0; i < kRows; ++i) {
      for (int lanes = 2; lanes > 0; lanes /= 2)
        x[i] = f(x[i], __shfl_xor_sync(kAllLanes, x[i], lanes));
      if (lane_of_warp() % 4 == 0) room.of[int(threadIdx.x) / 32 % kAcross][row(i)] = x[i];
    }
    __syncthreads();
    UNROLL for (int i = 0; i < kRows; ++i) {
      x[i] = room.of[0][row(i)];
      UNROLL for (int w = 1; w < kAcross; ++w) x[i] = f(x[i], room.of[w][row(i)]);
    }
  }

  template <class Row>
  __device__ void multiply_add(const Row* a, const Row* b, int words) {
    const int t = lane_of_warp() % 4, column = column0() + lane_of_warp() / 4;
    for (int k = 0; k < words; k += 8) {
      UnitB<std::uint32_t> right[N];
      UNROLL for (int j = 0; j < N; ++j) UNROLL for (int n = 0; n < 2; ++n) right[j].of[n] =
          b[k + t + 4 * n][column + 8 * j];
      UNROLL for (int i = 0; i < M; ++i) {
        UnitA<std::uint32_t> left;
        UNROLL for (int n = 0; n < 4; ++n) left.of[n] = a[k + t + n / 2 * 4][row(2 * i + n % 2)];
        cuda::multiply_add<kBf16>(of[i], left, right);
      }
    }
  }
};

struct Tf32 {
  using Word = std::uint32_t;
  static constexpr int kPerWord = 1;
  template <int kSide>
  using Sums = UnitSums</*kBf16=*/false, kSide>;

  __device__ static Word word(const float* x) { return to_tf32(*x); }
};

struct Bf16 {
  using Word = std::uint32_t;
  static constexpr int kPerWord = 2;
  template <int kSide>
  using Sums = UnitSums</*kBf16=*/true, kSide>;

  __device__ static Word word(const float* x) { return to_bf16_pair(x[0], x[1]); }
};

#endif

// Calls f with the format that products() asks for.
template <class F>
void with_format(F&& f) {
#ifndef SEEKLING_DOUBLE
  if (products() == Products::kTf32) return f(std::type_identity<Tf32>());
  if (products() == Products::kBf16) return f(std::type_identity<Bf16>());
#endif
  f(std::type_identity<Exact>());
}

}  // namespace seekling::cuda
