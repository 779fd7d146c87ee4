// gemm_bf16.h with the instruction that AVX512-BF16 is there for: 16 times a b + a' b' + c,
// at one multiply-add's cost if the processor is AMD's.
// CMake compiles this file for it, whatever the rest is compiled for.
#include "matmul/gemm_bf16.h"

#if defined(__AVX512BF16__) && !defined(SEEKLING_DOUBLE)
#include <immintrin.h>
#endif

namespace seekling {

#if defined(__AVX512BF16__) && !defined(SEEKLING_DOUBLE)
namespace {

struct MachinePairs {
  template <int R, int V, class Vector, class Words, class Word>
  static void add(Vector (&sum)[R][V], const Words (&b)[V], Word&& a) {
#pragma GCC unroll 12
    for (int i = 0; i < R; ++i) {
      const Words a_i = a(i);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v)
        sum[i][v] = Vector(_mm512_dpbf16_ps(__m512(sum[i][v]), __m512bh(a_i), __m512bh(b[v])));
    }
  }
};

}  // namespace

const GemmInstructions* gemm_avx512_bf16() {
  return &PairedKernel<64, 32, MachinePairs>::kInstructions;
}
#else
const GemmInstructions* gemm_avx512_bf16() { return nullptr; }
#endif

}  // namespace seekling
