// gemm_kernel.h and gemm_bf16.h in AVX-512's instructions: CMake compiles this file for them,
// whatever the rest is compiled for.
#include "matmul/gemm_bf16.h"

namespace seekling {

const GemmInstructions* gemm_avx512() {
#if defined(__AVX512F__)
#ifdef SEEKLING_DOUBLE
  static constexpr GemmInstructions kAll = GemmKernel<real, 64, 32>::instructions(nullptr);
#else
  static constexpr GemmInstructions kAll =
      GemmKernel<real, 64, 32>::instructions(&RoundedKernel<64, 32>::kInstructions);
#endif
  return &kAll;
#else
  return nullptr;
#endif
}

}  // namespace seekling
