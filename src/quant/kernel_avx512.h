// kernel_loops.h in AVX-512's instructions and those for bytes (VNNI): Ice Lake and what came after
// it. How pairs of bf16 are multiplied is the parameter Pairs, since the instruction for that came
// later. kernel_avx512.cpp does without it.
#pragma once

#include <immintrin.h>

#include "quant/kernel_loops.h"

namespace seekling {

template <class Pairs>
struct Avx512 {
  typedef float Floats __attribute__((vector_size(64)));
  typedef std::int32_t Ints __attribute__((vector_size(64)));
  typedef std::int8_t Bytes __attribute__((vector_size(16)));
  static constexpr int kSums = 24, kRows[4] = {12, 12, 6, 6};
  static constexpr int kTileRows = 4;
  static constexpr int kByteOffset = 128;
  static Ints dot4(Ints sum, Ints w, std::uint32_t a) {
    return (Ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, _mm512_set1_epi32(int(a)));
  }
  static Ints dot8(Ints sum, Ints w, Ints w16, std::uint32_t a, std::uint32_t a16) {
    return dot4(dot4(sum, w, a), w16, a16);
  }
  static Floats dot2(Floats sum, Ints w, std::uint32_t a) { return Pairs::dot2(sum, w, a); }
  static Floats halves(const std::byte* p) {
    return (Floats)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  // Lanes 8 apart are added, then 4, 2 and 1: of 16 vectors by halving, two to one each time,
  // until all sums lie side by side; of a single one by itself.
  template <int R>
  static void sums(float (&s)[R][kKeys], const Floats (&v)[R][kKeys]) {
    if constexpr (R * kKeys == 16) {
      Floats half[8], quarter[4], eighth[2];
      for (int i = 0; i < 8; ++i) half[i] = fold<8>((&v[0][0])[i], (&v[0][0])[i + 8]);
      for (int i = 0; i < 4; ++i) quarter[i] = fold<4>(half[i], half[i + 4]);
      for (int i = 0; i < 2; ++i) eighth[i] = fold<2>(quarter[i], quarter[i + 2]);
      const Floats all = fold<1>(eighth[0], eighth[1]);
      std::memcpy(s, &all, sizeof all);
    } else {
      for (int i = 0; i < R; ++i)
        for (int j = 0; j < kKeys; ++j) s[i][j] = sum((__m512)v[i][j]);
    }
  }
  // Of each 2w lanes: in the first w a's, those w apart added, in the others b's.
  template <int w>
  static Floats fold(Floats a, Floats b) {
    return fold<w>(a, b, std::make_integer_sequence<int, 16>());
  }
  template <int w, int... L>
  static Floats fold(Floats a, Floats b, std::integer_sequence<int, L...>) {
    const Floats first =
        __builtin_shufflevector(a, b, (L / w % 2 * 16 + L / (2 * w) * 2 * w + L % w)...);
    return first +
           __builtin_shufflevector(a, b, (L / w % 2 * 16 + L / (2 * w) * 2 * w + L % w + w)...);
  }
  static float sum(__m512 x) {
    const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
  }
};

}  // namespace seekling
