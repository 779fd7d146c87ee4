// kernel.h in AVX2's instructions: CMake compiles this file for them, whatever the rest is compiled for.
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <immintrin.h>
#endif

#include <cmath>

#include "infer/kernel.h"

namespace seekling {

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

namespace {

struct Avx2 {
  static constexpr int kRows = 3, kByteRows = 2;
  template <class K>
  static typename K::Ints dot4(typename K::Ints sum, typename K::Ints w, std::uint32_t a) {
    return K::dot4(sum, w, a);  // the instruction for it, vpmaddubsw, would saturate
  }
  template <class K>
  static typename K::Floats dot2(typename K::Floats sum, typename K::Ints w, std::uint32_t a) {
    return K::dot2(sum, w, a);
  }
  template <class K>
  static typename K::Floats halves(const std::byte* p) {
    float v[16];
    for (int half = 0; half < 2; ++half)
      _mm256_storeu_ps(v + 8 * half, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + half)));
    return K::load(v);
  }
  template <class K>
  static float sum(typename K::Floats v) {
    return K::total(v);
  }
};

}  // namespace

const Instructions* kernel_avx2() { return &Kernel<Avx2>::kInstructions; }

#else

const Instructions* kernel_avx2() { return nullptr; }

#endif

}  // namespace seekling
