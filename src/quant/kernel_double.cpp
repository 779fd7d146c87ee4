// The loops of kernel.h where real is double: one number after the other, as the equations have
// them. Gradient tests and exact comparisons run on them, for weights and a cache in fp32.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "quant/kernel.h"

namespace seekling {

#ifdef SEEKLING_DOUBLE

namespace {

struct Plain {
  static void multiply(real* y, Index ldy, Index n, Index m, const Operand& x, Index row,
                       const std::byte* panel, Index K) {
    const real* W = reinterpret_cast<const real*>(panel);  // [k][kPanel]
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < m; ++j) {
        real sum = 0;
        for (Index k = 0; k < K; ++k) sum += x.f32[(row + i) * x.ld + k] * W[k * kPanel + j];
        y[i * ldy + j] = sum;
      }
  }

  static void multiply_short(real*, Index, Index, Index, const Operand&, Index, const std::byte*,
                             Index) {
    throw Error(
        "weights in bf16, int8 or int4 are multiplied in float, and this is a build in double");
  }
  static void to_int8(std::int8_t*, float*, std::int32_t*, const real*, Index, Index) {
    throw Error("int8 operands are for float, and this is a build in double");
  }

  static real dot(const real* a, const real* b, Index n) {
    real sum = 0;
    for (Index i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
  }

  static void scores(real* s, const real* q, Index ldq, Index G, const real* k, Index ldk, Index n,
                     Index width, const real*) {
    for (Index g = 0; g < G; ++g)
      for (Index j = 0; j < n; ++j) s[g * kSpan + j] = dot(q + g * ldq, k + j * ldk, width);
  }

  static void soften(real* s, Index n, real scale, real& m, real& l) {
    m = scale * *std::max_element(s, s + n);
    l = 0;
    for (Index j = 0; j < n; ++j) l += s[j] = std::exp(scale * s[j] - m);
  }

  static void gather(real* acc, Index lda, const real* p, Index G, const real* v, Index ldv,
                     Index n, Index width) {
    for (Index g = 0; g < G; ++g)
      for (Index j = 0; j < n; ++j)
        for (Index d = 0; d < width; ++d) acc[g * lda + d] += p[g * kSpan + j] * v[j * ldv + d];
  }

  static constexpr Instructions kInstructions = {
      {1, 1, 1, 1}, {multiply, multiply_short, multiply_short, multiply_short},
      to_int8,      scores,
      soften,       gather};
};

}  // namespace

const Instructions* kernel_portable() { return &Plain::kInstructions; }

#endif

}  // namespace seekling
