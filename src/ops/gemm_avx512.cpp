// gemm_kernel.h in AVX-512's instructions: CMake compiles this file for them, whatever the rest is compiled for.
#include "ops/gemm_kernel.h"

namespace seekling {

const GemmInstructions* gemm_avx512() {
#if defined(__AVX512F__)
  return &GemmKernel<real, 64, 32>::kInstructions;
#else
  return nullptr;
#endif
}

}  // namespace seekling
