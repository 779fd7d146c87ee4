// The innermost loops of inference, over registers, in GCC's and Clang's vector extensions: a Floats is 16 numbers side
// by side, and + and * act on all of them at once. On AVX-512 it is one register, on AVX2 two, elsewhere four; the order
// in which numbers are added is the same. packed.cpp and attend.cpp have the loops around these.
//
// One rule makes a token's numbers independent of what else is computed with it: every result is one chain of additions
// whose order depends on its own inputs alone, never on the row it stands in, on how many rows there are, or on where in
// memory they begin. So a sequence decoded alone, in a batch, or two tokens at a time (speculation) has the same bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/half.h"
#include "infer/format.h"

namespace seekling {

constexpr Index kPanel = 32;       // columns of a panel, outputs of a product
constexpr Index kPageTokens = 32;  // keys that attention takes at a time: a page of the cache
constexpr int kMaxRows = 12;       // rows of x that a product takes at a time, at most

// Rows of x as the kernels of a format want them; ld counts elements. fp32: the numbers themselves. bf16: rounded to bf16.
// int8 and int4: blocks of 32 as int8 with a scale each, and Σ q of each block, which undoes the offset of the weights.
struct Operand {
  const float* f32;
  const std::uint16_t* bf16;
  const std::int8_t* q;
  const float* scale;
  const std::int32_t* sum;
  Index ld, blocks;  // blocks: from one row's scales to the next's
};

struct Instructions {
  int rows[4];  // at a time, by format
  // y[n,m] = x panelᵀ: n rows of x from `row` on, m <= kPanel columns.
  using Multiply = void(float* y, Index ldy, Index n, Index m, const Operand& x, Index row, const std::byte* panel,
                        Index K);
  Multiply* multiply[4];
  // s[g,j] = q_g·k_j for n <= kPageTokens keys; s has rows of kPageTokens.
  void (*scores)(float* s, const float* q, Index ldq, Index G, const float* k, Index ldk, Index n, Index width);
  // Online softmax of a tile of n scores: s becomes exp(s - m'), m and l are brought up to date, and acc, of `width`
  // numbers, is scaled by exp(m - m').
  void (*soften)(float* s, Index n, float& m, float& l, float* acc, Index width);
  // acc[g,:] += Σ_j p[g,j] v_j
  void (*gather)(float* acc, Index lda, const float* p, Index G, const float* v, Index ldv, Index n, Index width);
  void (*rms_norm)(float* y, const float* x, const float* gain, Index D, float eps);
  void (*swiglu)(float* y, const float* gate_up, Index m);  // gate_up [2m], the gate's half first
};

template <class Cpu>
struct Kernel {
  static constexpr int kLanes = 16;
  typedef float Floats __attribute__((vector_size(64)));
  typedef std::int32_t Ints __attribute__((vector_size(64)));

  template <class V, class T>
  static V load(const T* p) {
    V v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  static Floats load(const float* p) { return load<Floats>(p); }
  static Floats load(const float* p, Index n) {  // the first n lanes; zeros after them
    Floats v = {};
    std::memcpy(&v, p, size_t(std::min<Index>(n, kLanes)) * sizeof(float));
    return v;
  }
  static void store(float* p, Floats v) { std::memcpy(p, &v, sizeof v); }
  static void store(float* p, Floats v, Index n) {
    std::memcpy(p, &v, size_t(std::min<Index>(n, kLanes)) * sizeof(float));
  }
  // Says that v may have changed, so that the compiler reads it from memory once and not for each of its uses.
  static void kept(Floats& v) {
#if defined(__AVX512F__)
    asm("" : "+v"(v));
#else
    (void)v;
#endif
  }
  static float total(Floats v) {  // lanes 8 apart, then 4, 2, 1
    float a[kLanes];
    store(a, v);
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) a[i] += a[i + half];
    return a[0];
  }

  // e^x by x = n ln 2 + r and a polynomial of degree 7 on |r| <= ln 2 / 2, after Cephes' expf: within 2 units of the last
  // place; 0 below -87.
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

  // --- products ------------------------------------------------------------------------------------------------------

  static void put(float* y, Index m, Floats a, Floats b) {
    if (m == kPanel) {
      store(y, a), store(y + kLanes, b);
    } else {
      store(y, a, m);
      if (m > kLanes) store(y + kLanes, b, m - kLanes);
    }
  }

  template <int R>
  static void f32(float* y, Index ldy, Index m, const Operand& x, Index row, const std::byte* panel, Index K) {
    const float* w = reinterpret_cast<const float*>(panel);  // [k][kPanel]
    const float* a = x.f32 + row * x.ld;
    Floats sum[R][2] = {};
#pragma GCC unroll 4
    for (Index k = 0; k < K; ++k) {
      const Floats w0 = load(w + k * kPanel), w1 = load(w + k * kPanel + kLanes);
#pragma GCC unroll 12
      for (int i = 0; i < R; ++i) {
        const float a_ik = a[i * x.ld + k];
        sum[i][0] += a_ik * w0, sum[i][1] += a_ik * w1;
      }
    }
    for (int i = 0; i < R; ++i) put(y + i * ldy, m, sum[i][0], sum[i][1]);
  }

  template <int R>
  static void bf16(float* y, Index ldy, Index m, const Operand& x, Index row, const std::byte* panel, Index K) {
    Floats sum[R][2] = {};  // the panel: [k/2][kPanel][2]
    for (Index pair = 0; pair < (K + 1) / 2; ++pair) {
      const std::byte* w = panel + pair * kPanel * 4;
      const Ints w0 = load<Ints>(w), w1 = load<Ints>(w + 64);
#pragma GCC unroll 12
      for (int i = 0; i < R; ++i) {
        std::uint32_t a;
        std::memcpy(&a, x.bf16 + (row + i) * x.ld + 2 * pair, sizeof a);
        sum[i][0] = Cpu::template dot2<Kernel>(sum[i][0], w0, a),
        sum[i][1] = Cpu::template dot2<Kernel>(sum[i][1], w1, a);
      }
    }
    for (int i = 0; i < R; ++i) put(y + i * ldy, m, sum[i][0], sum[i][1]);
  }

  // A block of int8 is 32 scales and [k/4][kPanel][4] bytes q + 128; of int4 32 scales and [k/8][kPanel][4] bytes, whose
  // lower halves are q of four k and whose upper halves are those of the four k that lie 16 further. With q stored above
  // zero, Σ q x = Σ (q + 128) x - 128 Σ x; the products of bytes and their sums are exact.
  template <int R, bool kInt4>
  static void int8(float* y, Index ldy, Index m, const Operand& x, Index row, const std::byte* panel, Index K) {
    constexpr Index kScales = kPanel * 2, kBytes = kScales + (kInt4 ? kPanel * kBlock / 2 : kPanel * kBlock);
    constexpr int kOffset = kInt4 ? 8 : 128, kGroups = kInt4 ? 4 : 8;
    Floats sum[R][2] = {};
    for (Index b = 0; b < (K + kBlock - 1) / kBlock; ++b) {
      const std::byte* w = panel + b * kBytes + kScales;
      Ints dots[R][2];
      for (int i = 0; i < R; ++i) dots[i][0] = dots[i][1] = Ints{} - kOffset * x.sum[(row + i) * x.blocks + b];
#pragma GCC unroll 8
      for (int g = 0; g < kGroups; ++g) {
        const Ints w0 = load<Ints>(w + g * kPanel * 4), w1 = load<Ints>(w + g * kPanel * 4 + 64);
#pragma GCC unroll 4
        for (int i = 0; i < R; ++i) {
          const std::int8_t* a = x.q + (row + i) * x.ld + b * kBlock + 4 * g;
          if constexpr (kInt4) {
            constexpr std::int32_t kLow = 0x0F0F0F0F;
            dots[i][0] = four(four(dots[i][0], w0 & kLow, a), (w0 >> 4) & kLow, a + 16);
            dots[i][1] = four(four(dots[i][1], w1 & kLow, a), (w1 >> 4) & kLow, a + 16);
          } else {
            dots[i][0] = four(dots[i][0], w0, a), dots[i][1] = four(dots[i][1], w1, a);
          }
        }
      }
      const Floats d0 = Cpu::template halves<Kernel>(panel + b * kBytes);
      const Floats d1 = Cpu::template halves<Kernel>(panel + b * kBytes + 32);
      for (int i = 0; i < R; ++i) {
        const float d = x.scale[(row + i) * x.blocks + b];
        sum[i][0] += d * d0 * __builtin_convertvector(dots[i][0], Floats);
        sum[i][1] += d * d1 * __builtin_convertvector(dots[i][1], Floats);
      }
    }
    for (int i = 0; i < R; ++i) put(y + i * ldy, m, sum[i][0], sum[i][1]);
  }
  static Ints four(Ints sum, Ints w, const std::int8_t* a) {
    std::uint32_t word;
    std::memcpy(&word, a, sizeof word);
    return Cpu::template dot4<Kernel>(sum, w, word);
  }

  // What instructions for bytes and bf16 do, without them: each lane of w holds four bytes, or two bf16.
  static Ints dot4(Ints sum, Ints w, std::uint32_t a) {
    for (int byte = 0; byte < 4; ++byte) sum += ((w >> (8 * byte)) & 255) * std::int32_t(std::int8_t(a >> (8 * byte)));
    return sum;
  }
  static Floats dot2(Floats sum, Ints w, std::uint32_t a) {
    sum += std::bit_cast<float>(a << 16) * Floats(w << 16);
    return sum + std::bit_cast<float>(a & 0xFFFF0000u) * Floats(w & std::int32_t(0xFFFF0000u));
  }
  static Floats halves(const std::byte* p) {
    Floats v;
    for (int i = 0; i < kLanes; ++i) {
      std::uint16_t h;
      std::memcpy(&h, p + 2 * i, sizeof h);
      v[i] = from_half(h);
    }
    return v;
  }

  template <Format kFormat, int... R>
  static void multiply_of(std::integer_sequence<int, R...>, float* y, Index ldy, Index n, Index m, const Operand& x,
                          Index row, const std::byte* panel, Index K) {
    using Rows = void(float*, Index, Index, const Operand&, Index, const std::byte*, Index);
    static constexpr Rows* kRows[] = {kFormat == Format::kF32    ? f32<R + 1>
                                      : kFormat == Format::kBF16 ? bf16<R + 1>
                                      : kFormat == Format::kInt8 ? int8<R + 1, false>
                                                                 : int8<R + 1, true>...};
    kRows[n - 1](y, ldy, m, x, row, panel, K);
  }
  template <Format kFormat, int kRows>
  static void multiply(float* y, Index ldy, Index n, Index m, const Operand& x, Index row, const std::byte* panel,
                       Index K) {
    multiply_of<kFormat>(std::make_integer_sequence<int, kRows>(), y, ldy, n, m, x, row, panel, K);
  }

  // --- attention -----------------------------------------------------------------------------------------------------

  template <int R>  // rows of q; four keys at a time
  static void scores_of(float* s, const float* q, Index ldq, const float* k, Index ldk, Index n, Index width) {
    for (Index j = 0; j < n; j += 4) {
      const float* key[4];  // beyond the last: the last again, its score unused
      for (int l = 0; l < 4; ++l) key[l] = k + std::min(j + l, n - 1) * ldk;
      Floats sum[R][4] = {};
      const auto step = [&](Index d, auto... left) {
        Floats q_d[R];
#pragma GCC unroll 4
        for (int i = 0; i < R; ++i) kept(q_d[i] = load(q + i * ldq + d, left...));
#pragma GCC unroll 4
        for (int l = 0; l < 4; ++l) {
          Floats k_d = load(key[l] + d, left...);
          kept(k_d);
#pragma GCC unroll 4
          for (int i = 0; i < R; ++i) sum[i][l] += q_d[i] * k_d;
        }
      };
      Index d = 0;
      for (; d + kLanes <= width; d += kLanes) step(d);
      if (d < width) step(d, width - d);
      for (int i = 0; i < R; ++i)
        for (int l = 0; l < 4 && j + l < n; ++l) s[i * kPageTokens + j + l] = Cpu::template sum<Kernel>(sum[i][l]);
    }
  }
  static void scores(float* s, const float* q, Index ldq, Index G, const float* k, Index ldk, Index n, Index width) {
    for (; G >= 4; G -= 4, s += 4 * kPageTokens, q += 4 * ldq) scores_of<4>(s, q, ldq, k, ldk, n, width);
    for (; G >= 1; --G, s += kPageTokens, q += ldq) scores_of<1>(s, q, ldq, k, ldk, n, width);
  }

  static float largest(const float* s, Index n) {
    Floats m = Floats{} + s[0];
    Index j = 0;
    for (; j + kLanes <= n; j += kLanes) m = load(s + j) > m ? load(s + j) : m;
    for (; j < n; ++j) m = s[j] > m ? Floats{} + s[j] : m;
    float a[kLanes];
    store(a, m);
    return *std::max_element(a, a + kLanes);
  }

  static void soften(float* s, Index n, float& m, float& l, float* acc, Index width) {
    const float m_new = std::max(m, largest(s, n));
    const float shrink = exp(Floats{} + (m - m_new))[0];
    Floats sum = {};
    for (Index j = 0; j < n; j += kLanes) {
      Floats p = exp(load(s + j) - m_new);
      for (Index lane = std::max<Index>(n - j, 0); lane < kLanes; ++lane) p[lane] = 0;
      store(s + j, p);
      sum += p;
    }
    l = l * shrink + total(sum);
    m = m_new;
    if (shrink == 1) return;
    Index d = 0;
    for (; d + kLanes <= width; d += kLanes) store(acc + d, shrink * load(acc + d));
    for (; d < width; ++d) acc[d] *= shrink;
  }

  template <int R>
  static void gather_of(float* acc, Index lda, const float* p, const float* v, Index ldv, Index n, Index width) {
    Index d = 0;
    const auto stripe = [&](auto... left) {
      Floats sum[R];
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) sum[i] = load(acc + i * lda + d, left...);
      for (Index j = 0; j < n; ++j) {
        const Floats v_j = load(v + j * ldv + d, left...);
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) sum[i] += p[i * kPageTokens + j] * v_j;
      }
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) store(acc + i * lda + d, sum[i], left...);
    };
    for (; d + kLanes <= width; d += kLanes) stripe();
    if (d < width) stripe(width - d);
  }
  static void gather(float* acc, Index lda, const float* p, Index G, const float* v, Index ldv, Index n, Index width) {
    for (; G >= 8; G -= 8, acc += 8 * lda, p += 8 * kPageTokens) gather_of<8>(acc, lda, p, v, ldv, n, width);
    for (; G >= 4; G -= 4, acc += 4 * lda, p += 4 * kPageTokens) gather_of<4>(acc, lda, p, v, ldv, n, width);
    for (; G >= 1; --G, acc += lda, p += kPageTokens) gather_of<1>(acc, lda, p, v, ldv, n, width);
  }

  // --- element by element --------------------------------------------------------------------------------------------

  static void rms_norm(float* y, const float* x, const float* gain, Index D, float eps) {
    Floats squares = {};
    Index d = 0;
    for (; d + kLanes <= D; d += kLanes) squares += load(x + d) * load(x + d);
    if (d < D) squares += load(x + d, D - d) * load(x + d, D - d);
    const float r = 1 / std::sqrt(total(squares) / float(D) + eps);
    for (d = 0; d + kLanes <= D; d += kLanes) store(y + d, r * load(x + d) * load(gain + d));
    if (d < D) store(y + d, r * load(x + d, D - d) * load(gain + d, D - d), D - d);
  }

  static void swiglu(float* y, const float* gate_up, Index m) {
    Index j = 0;
    const auto step = [&](auto... left) {
      const Floats a = load(gate_up + j, left...), u = load(gate_up + m + j, left...);
      store(y + j, a / (exp(-a) + 1.0f) * u, left...);
    };
    for (; j + kLanes <= m; j += kLanes) step();
    if (j < m) step(m - j);
  }

  static constexpr int kRows = Cpu::kRows, kByteRows = Cpu::kByteRows;
  static constexpr Instructions kInstructions = {
      {kRows, kRows, kByteRows, kByteRows},
      {multiply<Format::kF32, kRows>, multiply<Format::kBF16, kRows>, multiply<Format::kInt8, kByteRows>,
       multiply<Format::kInt4, kByteRows>},
      scores,
      soften,
      gather,
      rms_norm,
      swiglu};
};

// kernel_avx512.cpp and kernel_avx2.cpp: nullptr where they are compiled for another kind of machine.
const Instructions* kernel_avx512();  // with VNNI for bytes and BF16: Zen 4, Sapphire Rapids
const Instructions* kernel_avx2();
const Instructions* kernel_portable();

const Instructions& kernel();                               // the best that this machine has
const Instructions& set_kernel(const Instructions& other);  // for tests; returns what was used before

}  // namespace seekling
