// kernel_avx512.h without the instruction for bf16: CMake compiles this file for VNNI,
// whatever the rest is compiled for.
#if defined(__AVX512VNNI__) && !defined(SEEKLING_DOUBLE)
#include "quant/kernel_avx512.h"
#else
#include "quant/kernel.h"
#endif

namespace seekling {

#if defined(__AVX512VNNI__) && !defined(SEEKLING_DOUBLE)

namespace {

struct WidenedPairs {
  template <class Floats, class Ints>
  static Floats dot2(Floats sum, Ints w, std::uint32_t a) {
    return plain_dot2(sum, w, a);
  }
};

}  // namespace

const Instructions* kernel_avx512() { return &Kernel<Avx512<WidenedPairs>>::kInstructions; }

#else

const Instructions* kernel_avx512() { return nullptr; }

#endif

}  // namespace seekling
