// gemm_kernel.h and gemm_bf16.h in AVX2's instructions: CMake compiles this file for them,
// whatever the rest is compiled for.
#include "matmul/gemm_bf16.h"

namespace seekling {

const GemmInstructions* gemm_avx2() {
#if defined(__AVX2__)
#ifdef SEEKLING_DOUBLE
  static constexpr GemmInstructions kAll = GemmKernel<real, 32, 16>::instructions(nullptr);
#else
  static constexpr GemmInstructions kAll =
      GemmKernel<real, 32, 16>::instructions(&RoundedKernel<32, 16>::kInstructions);
#endif
  return &kAll;
#else
  return nullptr;
#endif
}

}  // namespace seekling
