// kernel_loops.h in AVX2's instructions: CMake compiles this file for them, whatever
// the rest is compiled for.
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && !defined(SEEKLING_DOUBLE)
#include <immintrin.h>
#endif

#include "quant/kernel_loops.h"

namespace seekling {

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && !defined(SEEKLING_DOUBLE)

namespace {

struct Avx2 {
  typedef float Floats __attribute__((vector_size(32)));
  typedef std::int32_t Ints __attribute__((vector_size(32)));
  typedef std::int8_t Bytes __attribute__((vector_size(8)));
  static constexpr int kSums = 12, kRows[4] = {6, 3, 2, 2};
  static constexpr int kTileRows = 3;

  // The instruction for bytes, vpmaddubsw, multiplies unsigned by signed ones and adds two products
  // in 16 bits. 255 · 127 twice would not fit. So the sign moves from a to w, as |a| · sign(a) q:
  // 127 · 127 twice fits, for q is never -128.
  static constexpr int kByteOffset = 0;
  static Ints dot4(Ints sum, Ints w, std::uint32_t a) {
    const __m256i q = _mm256_xor_si256((__m256i)w, _mm256_set1_epi8(char(0x80))),
                  x = _mm256_set1_epi32(int(a));
    return sum + pairs(_mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(q, x)));
  }
  // Four products of 15 · 127 fit into 16 bits.
  static Ints dot8(Ints sum, Ints w, Ints w16, std::uint32_t a, std::uint32_t a16) {
    return sum +
           pairs(_mm256_add_epi16(_mm256_maddubs_epi16((__m256i)w, _mm256_set1_epi32(int(a))),
                                  _mm256_maddubs_epi16((__m256i)w16, _mm256_set1_epi32(int(a16)))));
  }
  static Ints pairs(__m256i shorts) {  // sums of neighbours
    return (Ints)_mm256_madd_epi16(shorts, _mm256_set1_epi16(1));
  }
  static Floats dot2(Floats sum, Ints w, std::uint32_t a) { return plain_dot2(sum, w, a); }
  static Floats halves(const std::byte* p) {
    return (Floats)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  // Sums of neighbours, twice, then of the halves.
  template <int R>
  static void sums(float (&s)[R][kKeys], const Floats (&v)[R][kKeys]) {
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) {
      const __m256 ab = _mm256_hadd_ps((__m256)v[i][0], (__m256)v[i][1]);
      const __m256 cd = _mm256_hadd_ps((__m256)v[i][2], (__m256)v[i][3]),
                   abcd = _mm256_hadd_ps(ab, cd);
      _mm_storeu_ps(s[i], _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1)));
    }
  }
};

}  // namespace

const Instructions* kernel_avx2() { return &Kernel<Avx2>::kInstructions; }

#else

const Instructions* kernel_avx2() { return nullptr; }

#endif

}  // namespace seekling
