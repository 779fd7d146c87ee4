// gemm_kernel.h in AVX2's instructions: CMake compiles this file for them, whatever the rest is compiled for.
#include "ops/gemm_kernel.h"

namespace seekling {

const GemmInstructions* gemm_avx2() {
#if defined(__AVX2__)
  return &GemmKernel<real, 32, 16>::kInstructions;
#else
  return nullptr;
#endif
}

}  // namespace seekling
