// The innermost loops of inference, over registers, in GCC's and Clang's vector extensions:
// a Floats is one register of kLanes values, and + and * act on all of them at once.
// kernel_avx512.cpp, kernel_avx2.cpp and kernel.cpp each compile this file for their instructions.
// (A vector wider than a register would compile too, but would be stored to memory between
// operations: 20 times slower.)
//
// A loop keeps as many sums in registers as possible: then each loaded value is used most often,
// and the latency of an addition, 4 cycles, is hidden. The parameter Cpu describes the instruction
// set:
//   Floats, Ints, Bytes    a register of floats; as many 32-bit integers, in a register;
//                          as many bytes
//   kSums                  registers for sums: 24 of 32, 12 of 16
//   kRows[4]               rows of x per step of a product, by format
//   kTileRows              queries per step of attention, times four keys or four registers of
//                          values
//   dot4(sum, w, a)        each lane of `sum`, an integer, plus four products of bytes:
//                          w is q + 128, a is signed. What it adds may be Σ q a (kByteOffset 0)
//                          or Σ (q + 128) a (kByteOffset 128)
//   dot8(sum, w, w',       the same twice, for bytes of 0 .. 15
//        a, a')
//   dot2(sum, w, a)        each lane of `sum`, a float, plus two products of bf16
//   halves(p)              kLanes numbers stored as halves
//   sums(s, v)             the sums across the lanes of vectors: s[i][j] of v[i][j],
//                          for R rows of kKeys
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/half.h"
#include "quant/kernel.h"

namespace seekling {

constexpr int kKeys = 4;  // whose scores attention sums together

// What instructions for bytes, bf16, halves and sums do, without them.
template <class Ints>
Ints plain_dot4(Ints sum, Ints w, std::uint32_t a) {
  for (int byte = 0; byte < 4; ++byte)
    sum += ((w >> (8 * byte)) & 255) * std::int32_t(std::int8_t(a >> (8 * byte)));
  return sum;
}
template <class Floats, class Ints>
Floats plain_dot2(Floats sum, Ints w, std::uint32_t a) {
  sum += std::bit_cast<float>(a << 16) * Floats(w << 16);
  return sum + std::bit_cast<float>(a & 0xFFFF0000u) * Floats(w & std::int32_t(0xFFFF0000u));
}
template <class Floats>
Floats plain_halves(const std::byte* p) {
  Floats v = {};
  for (int i = 0; i < int(sizeof(Floats) / sizeof(float)); ++i) {
    std::uint16_t h;
    std::memcpy(&h, p + 2 * i, sizeof h);
    v[i] = from_half(h);
  }
  return v;
}
template <class Floats>
float total(Floats v) {  // lanes half of them apart, then a quarter, ...
  constexpr int kLanes = int(sizeof(Floats) / sizeof(float));
  float a[kLanes];
  std::memcpy(a, &v, sizeof v);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) a[i] += a[i + half];
  return a[0];
}

template <class Cpu>
struct Kernel {
  using Floats = typename Cpu::Floats;
  using Ints = typename Cpu::Ints;
  static constexpr int kLanes = int(sizeof(Floats) / sizeof(float));
  static constexpr int kAll = int(kPanel) / kLanes;  // registers across a panel

  // Registers across a panel per step of R rows.
  static constexpr int across(int R) {
    int n = kAll;
    while (n > 1 && n * R > Cpu::kSums) n /= 2;
    return n;
  }

  template <class V, class T>
  static V load(const T* p) {
    V v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  static Floats load(const float* p) { return load<Floats>(p); }
  static Floats load(const float* p, Index n) {  // the first n lanes; zeros after them
    Floats v = {};
    if (n > 0) std::memcpy(&v, p, size_t(std::min<Index>(n, kLanes)) * sizeof(float));
    return v;
  }
  static void store(float* p, Floats v) { std::memcpy(p, &v, sizeof v); }
  static void store(float* p, Floats v, Index n) {
    if (n > 0) std::memcpy(p, &v, size_t(std::min<Index>(n, kLanes)) * sizeof(float));
  }
  // Returns v, but makes the compiler assume that it may have changed, so that it is loaded once
  // and not again for each use.
  static Floats kept(Floats v) {
#if defined(__AVX512F__)
    asm("" : "+v"(v));
#elif defined(__AVX2__)
    asm("" : "+x"(v));
#endif
    return v;
  }
  // e^x by x = n ln 2 + r and a polynomial of degree 7 on |r| <= ln 2 / 2, after Cephes' expf:
  // within 2 units of the last place; 0 below -87.
  static Floats exp(Floats x) {
    const Floats clamped = x < -87.0f ? Floats{} - 87.0f : x > 88.0f ? Floats{} + 88.0f : x;
    const Floats magic = Floats{} + 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer
    const Floats n = (clamped * 1.44269504f + magic) - magic;
    const Floats r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
    Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const Floats y = p * (r * r) + r + 1.0f;
    const Ints power = (__builtin_convertvector(n, Ints) + 127) << 23;
    return x < -87.0f ? Floats{} : y * Floats(power);
  }

  // --- products ----------------------------------------------------------------------------------

  // Registers `first`, `first` + 1, ... across a row of y, of which m columns are in it.
  template <int N>
  static void put(float* y, Index m, int first, const Floats (&sum)[N]) {
    for (int p = 0; p < N; ++p) {
      const Index at = (first + p) * kLanes;
      if (at + kLanes <= m) store(y + at, sum[p]);
      else store(y + at, sum[p], m - at);
    }
  }

  template <int R>
  static void f32(float* y, Index ldy, Index m, const Operand& x, Index row, const std::byte* panel,
                  Index K) {
    constexpr int kAcross = across(R);
    const float* a = x.f32 + row * x.ld;
    for (int first = 0; first < kAll && first * kLanes < m; first += kAcross) {
      const float* w = reinterpret_cast<const float*>(panel) + first * kLanes;  // panel [k][kPanel]
      Floats sum[R][kAcross] = {};
#pragma GCC unroll 4
      for (Index k = 0; k < K; ++k) {
        Floats w_k[kAcross];
#pragma GCC unroll 8
        for (int p = 0; p < kAcross; ++p) w_k[p] = load(w + k * kPanel + p * kLanes);
#pragma GCC unroll 12
        for (int i = 0; i < R; ++i) {
          const float a_ik = a[i * x.ld + k];
#pragma GCC unroll 8
          for (int p = 0; p < kAcross; ++p) sum[i][p] += a_ik * w_k[p];
        }
      }
      for (int i = 0; i < R; ++i) put(y + i * ldy, m, first, sum[i]);
    }
  }

  template <int R>
  static void bf16(float* y, Index ldy, Index m, const Operand& x, Index row,
                   const std::byte* panel, Index K) {
    constexpr int kAcross = across(R);
    for (int first = 0; first < kAll && first * kLanes < m; first += kAcross) {
      const std::byte* w = panel + first * kLanes * 4;  // the panel: [k/2][kPanel][2]
      Floats sum[R][kAcross] = {};
      for (Index pair = 0; pair < (K + 1) / 2; ++pair) {
        Ints w_k[kAcross];
#pragma GCC unroll 8
        for (int p = 0; p < kAcross; ++p) w_k[p] = load<Ints>(w + (pair * kPanel + p * kLanes) * 4);
#pragma GCC unroll 12
        for (int i = 0; i < R; ++i) {
          const std::uint32_t a = word(x.bf16 + (row + i) * x.ld + 2 * pair);
#pragma GCC unroll 8
          for (int p = 0; p < kAcross; ++p) sum[i][p] = Cpu::dot2(sum[i][p], w_k[p], a);
        }
      }
      for (int i = 0; i < R; ++i) put(y + i * ldy, m, first, sum[i]);
    }
  }

  // A block of int8 is 32 scales and [k/4][kPanel][4] bytes q + 128; of int4 32 scales
  // and [k/8][kPanel][4] bytes, whose lower halves are q of four k and whose upper halves are those
  // of the four k that lie 16 further. With q stored above zero, Σ q x = Σ (q + 128) x - 128 Σ x;
  // the products of bytes and their sums are exact.
  template <int R, bool kInt4>
  static void int8(float* y, Index ldy, Index m, const Operand& x, Index row,
                   const std::byte* panel, Index K) {
    constexpr Index kScales = kPanel * 2,
                    kBytes = kScales + (kInt4 ? kPanel * kBlock / 2 : kPanel * kBlock);
    constexpr int kOffset = kInt4 ? 8 : Cpu::kByteOffset, kGroups = kInt4 ? 4 : 8,
                  kAcross = across(R);
    // For each group of vectors of outputs, and each block of 32 along k ...
    for (int first = 0; first < kAll && first * kLanes < m; first += kAcross) {
      Floats sum[R][kAcross] = {};
      for (Index b = 0; b < (K + kBlock - 1) / kBlock; ++b) {
        const std::byte* w = panel + b * kBytes + kScales + first * kLanes * 4;
        Ints dots[R][kAcross];
        // ... start from the correction for the offset of the weights ...
        for (int i = 0; i < R; ++i)
          for (int p = 0; p < kAcross; ++p)
            dots[i][p] = Ints{} - kOffset * x.sum[(row + i) * x.blocks + b];
            // ... add integer products, four (int8) or eight (int4) values along k at a time ...
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 8
          for (int p = 0; p < kAcross; ++p) {
            const Ints w_g = load<Ints>(w + (g * kPanel + p * kLanes) * 4);
#pragma GCC unroll 6
            for (int i = 0; i < R; ++i) {
              const std::int8_t* a = x.q + (row + i) * x.ld + b * kBlock + 4 * g;
              if constexpr (kInt4) {
                constexpr std::int32_t kLow = 0x0F0F0F0F;
                dots[i][p] =
                    Cpu::dot8(dots[i][p], w_g & kLow, (w_g >> 4) & kLow, word(a), word(a + 16));
              } else {
                dots[i][p] = Cpu::dot4(dots[i][p], w_g, word(a));
              }
            }
          }
        }
        // ... and scale the block's sums to floats.
        for (int p = 0; p < kAcross; ++p) {
          const Floats d_w = Cpu::halves(panel + b * kBytes + (first + p) * kLanes * 2);
          for (int i = 0; i < R; ++i)
            sum[i][p] += x.scale[(row + i) * x.blocks + b] * d_w *
                         __builtin_convertvector(dots[i][p], Floats);
        }
      }
      for (int i = 0; i < R; ++i) put(y + i * ldy, m, first, sum[i]);
    }
  }
  template <class T>
  static std::uint32_t word(const T* a) {  // four bytes, or two bf16
    std::uint32_t w;
    std::memcpy(&w, a, sizeof w);
    return w;
  }

  static void to_int8(std::int8_t* q, float* scale, std::int32_t* sum, const float* x, Index n,
                      Index K) {
    constexpr int kRegisters = int(kBlock) / kLanes;  // of a block
    constexpr float kMagic = 12582912.0f;             // 1.5 · 2^23: adding it rounds, ties to even
    for (Index b = 0; b < K / kBlock; ++b, x += kBlock, q += kBlock, n -= kBlock) {
      Floats v[kRegisters], largest = {};
      for (int r = 0; r < kRegisters; ++r) {
        v[r] = n >= kBlock ? load(x + r * kLanes) : load(x + r * kLanes, n - r * kLanes);
        const Floats size = v[r] < 0.0f ? -v[r] : v[r];
        largest = size > largest ? size : largest;
      }
      float lanes[kLanes];
      store(lanes, largest);
      const float amax = *std::max_element(lanes, lanes + kLanes),
                  inverse = amax > 1e-30f ? 127 / amax : 0;
      Ints total = {};
      for (int r = 0; r < kRegisters; ++r) {
        const Ints rounded = __builtin_convertvector((v[r] * inverse + kMagic) - kMagic, Ints);
        const auto bytes = __builtin_convertvector(rounded, typename Cpu::Bytes);
        std::memcpy(q + r * kLanes, &bytes, sizeof bytes);
        total += rounded;
      }
      scale[b] = amax / 127, sum[b] = 0;
      for (int i = 0; i < kLanes; ++i) sum[b] += total[i];
    }
  }

  template <Format kFormat, int... R>
  static void multiply_of(std::integer_sequence<int, R...>, float* y, Index ldy, Index n, Index m,
                          const Operand& x, Index row, const std::byte* panel, Index K) {
    using Rows = void(float*, Index, Index, const Operand&, Index, const std::byte*, Index);
    static constexpr Rows* kRows[] = {kFormat == Format::kF32    ? f32<R + 1>
                                      : kFormat == Format::kBF16 ? bf16<R + 1>
                                      : kFormat == Format::kInt8 ? int8<R + 1, false>
                                                                 : int8<R + 1, true>...};
    kRows[n - 1](y, ldy, m, x, row, panel, K);
  }
  template <Format kFormat>
  static void multiply(float* y, Index ldy, Index n, Index m, const Operand& x, Index row,
                       const std::byte* panel, Index K) {
    multiply_of<kFormat>(std::make_integer_sequence<int, Cpu::kRows[int(kFormat)]>(), y, ldy, n, m,
                         x, row, panel, K);
  }

  // --- attention ---------------------------------------------------------------------------------
  // The queries of one key head attend to the same keys, so both products use tiles of R queries by
  // four: R x 4 sums stay in registers, and R + 4 loads serve R x 4 multiply-adds. A core does two
  // of each per cycle, with a latency of 4 cycles: with R = 1 loads would be the limit, with R = 2
  // eight sums just hide the latency, and R = 3 (12 sums, 3 queries or weights, 1 key or value)
  // fills 16 registers.

  // Calls f(R, g) for rows g .. g + R - 1, covering all G rows with tiles of nearly equal height.
  template <class F>
  static void each_tile(Index G, F&& f) {
    for (Index g = 0, tiles = (G + Cpu::kTileRows - 1) / Cpu::kTileRows; g < G; --tiles) {
      const Index R = (G - g + tiles - 1) / tiles;
      [&]<int... r>(std::integer_sequence<int, r...>) {
        (void)((R == r + 1 && (f(std::integral_constant<int, r + 1>(), g), true)) || ...);
      }
      (std::make_integer_sequence<int, Cpu::kTileRows>());
      g += R;
    }
  }

  // sum[i][l] += q_i·k_l over the kLanes elements from d on, or over the remaining ones.
  template <int R, class... Left>
  static void add_products(Floats (&sum)[R][kKeys], const float* q, Index ldq,
                           const float* const* key, Index d, Left... left) {
    Floats q_d[R];
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) q_d[i] = kept(load(q + i * ldq + d, left...));
#pragma GCC unroll 4
    for (int l = 0; l < kKeys; ++l) {
      const Floats k_d = kept(load(key[l] + d, left...));
#pragma GCC unroll 4
      for (int i = 0; i < R; ++i) sum[i][l] += q_d[i] * k_d;
    }
  }
  // s[i,l] = q_i·k_l, each sum over the lanes of its register first.
  template <int R>
  static void scores_of(float* s, const float* q, Index ldq, const float* const* key, Index width) {
    Floats sum[R][kKeys] = {};
    Index d = 0;
    for (; d + kLanes <= width; d += kLanes) add_products(sum, q, ldq, key, d);
    if (d < width) add_products(sum, q, ldq, key, d, width - d);
    float of_keys[R][kKeys];
    Cpu::sums(of_keys, sum);
    for (int i = 0; i < R; ++i) std::copy_n(of_keys[i], kKeys, s + i * kSpan);
  }
  // New keys come from memory, which would be idle while queries are multiplied: the hardware
  // prefetcher follows consecutive rows, not four at once. Hence the software prefetch of `next`,
  // one page ahead.
  static void scores(float* s, const float* q, Index ldq, Index G, const float* k, Index ldk,
                     Index n, Index width, const float* next) {
    for (Index j = 0; j < n; j += kKeys) {  // four keys stay in the L1 cache for all queries
      const float* key[kKeys];              // beyond the last: the last again, its score unused
      for (int l = 0; l < kKeys; ++l) key[l] = k + std::min(j + l, n - 1) * ldk;
      if (next)  // into the L2 cache, one line of 16 floats at a time
        for (int l = 0; l < kKeys; ++l)
          for (Index d = 0; d < width; d += 16)
            __builtin_prefetch(next + (j + l) * ldk + d, /*write=*/0, /*nearness=*/2);
      each_tile(G, [&](auto R, Index g) {
        scores_of<R>(s + g * kSpan + j, q + g * ldq, ldq, key, width);
      });
    }
  }

  static void soften(float* s, Index n, float scale, float& m, float& l) {
    Floats largest = Floats{} + s[0];
    Index j = 0;
    for (; j + kLanes <= n; j += kLanes) largest = load(s + j) > largest ? load(s + j) : largest;
    for (; j < n; ++j) largest = s[j] > largest ? Floats{} + s[j] : largest;
    float lanes[kLanes];
    store(lanes, largest);
    m = scale * *std::max_element(lanes, lanes + kLanes);

    Floats sum = {};
    const auto step = [&](auto... left) {
      const Floats p = exp(scale * load(s + j, left...) - m);
      store(s + j, p, left...);
      sum += load(s + j, left...);  // zeros in the lanes beyond n
    };
    for (j = 0; j + kLanes <= n; j += kLanes) step();
    if (j < n) step(n - j);
    l = total(sum);
  }

  // acc[i,:] += Σ_j p[i,j] v_j over C registers' columns, or over those that are left.
  template <int R, int C, class... Left>
  static void gather_of(float* acc, Index lda, const float* p, const float* v, Index ldv, Index n,
                        Left... left) {
    Floats sum[R][C];
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) sum[i][c] = load(acc + i * lda + c * kLanes, left...);
    for (Index j = 0; j < n; ++j, v += ldv) {
      Floats p_j[R];
#pragma GCC unroll 4
      for (int i = 0; i < R; ++i) p_j[i] = kept(Floats{} + p[i * kSpan + j]);
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const Floats v_j = kept(load(v + c * kLanes, left...));
#pragma GCC unroll 4
        for (int i = 0; i < R; ++i) sum[i][c] += p_j[i] * v_j;
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) store(acc + i * lda + c * kLanes, sum[i][c], left...);
  }
  static void gather(float* acc, Index lda, const float* p, Index G, const float* v, Index ldv,
                     Index n, Index width) {
    Index d = 0;  // a stripe of the values is in the nearest cache while all queries gather it
    const auto stripe = [&](auto C, auto... left) {
      each_tile(G, [&](auto R, Index g) {
        gather_of<R, C>(acc + g * lda + d, lda, p + g * kSpan, v + d, ldv, n, left...);
      });
      d += C * kLanes;
    };
    while (d + 4 * kLanes <= width) stripe(std::integral_constant<int, 4>());
    while (d + kLanes <= width) stripe(std::integral_constant<int, 1>());
    if (d < width) stripe(std::integral_constant<int, 1>(), width - d);
  }

  static constexpr Instructions kInstructions = {
      {Cpu::kRows[0], Cpu::kRows[1], Cpu::kRows[2], Cpu::kRows[3]},
      {multiply<Format::kF32>, multiply<Format::kBF16>, multiply<Format::kInt8>,
       multiply<Format::kInt4>},
      to_int8,
      scores,
      soften,
      gather};
};

}  // namespace seekling
