// kernel.h in AVX-512's instructions, with those for bytes (VNNI) and bf16: CMake compiles this file for them, whatever
// the rest is compiled for.
#if defined(__AVX512VNNI__) && defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include <cmath>

#include "infer/kernel.h"

namespace seekling {

#if defined(__AVX512VNNI__) && defined(__AVX512BF16__)

namespace {

struct Avx512 {
  static constexpr int kRows = 12, kByteRows = 6;
  template <class K>
  static typename K::Ints dot4(typename K::Ints sum, typename K::Ints w, std::uint32_t a) {
    return (typename K::Ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, _mm512_set1_epi32(int(a)));
  }
  template <class K>
  static typename K::Floats dot2(typename K::Floats sum, typename K::Ints w, std::uint32_t a) {
    return (typename K::Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(int(a)), (__m512bh)w);
  }
  template <class K>
  static typename K::Floats halves(const std::byte* p) {
    return (typename K::Floats)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  template <class K>
  static float sum(typename K::Floats v) {  // in the order of Kernel::total
    const __m512 x = (__m512)v;
    const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
  }
};

}  // namespace

const Instructions* kernel_avx512() { return &Kernel<Avx512>::kInstructions; }

#else

const Instructions* kernel_avx512() { return nullptr; }

#endif

}  // namespace seekling
