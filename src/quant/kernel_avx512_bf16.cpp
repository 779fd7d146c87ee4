// kernel_avx512.h with the instruction for bf16: CMake compiles this file for it, whatever
// the rest is compiled for.
#if defined(__AVX512VNNI__) && defined(__AVX512BF16__) && !defined(SEEKLING_DOUBLE)
#include "quant/kernel_avx512.h"
#else
#include "quant/kernel.h"
#endif

namespace seekling {

#if defined(__AVX512VNNI__) && defined(__AVX512BF16__) && !defined(SEEKLING_DOUBLE)

namespace {

struct MachinePairs {
  template <class Floats, class Ints>
  static Floats dot2(Floats sum, Ints w, std::uint32_t a) {
    return (Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(int(a)), (__m512bh)w);
  }
};

}  // namespace

const Instructions* kernel_avx512_bf16() { return &Kernel<Avx512<MachinePairs>>::kInstructions; }

#else

const Instructions* kernel_avx512_bf16() { return nullptr; }

#endif

}  // namespace seekling
