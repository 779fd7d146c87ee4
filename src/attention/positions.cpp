// No twin: on a GPU a step has the tokens of one sequence, and rope.cu rotates them.
#include "attention/positions.h"

#include <cmath>

#include "core/parallel.h"

namespace seekling {

Angles::Angles(const std::vector<Index>& positions, const Rotary& rotary)
    : pairs(Index(rotary.theta.size())) {
  for (const Index p : positions)
    for (const double theta : rotary.theta) {
      cos.push_back(real(rotary.factor * std::cos(double(p) * theta)));
      sin.push_back(real(rotary.factor * std::sin(double(p) * theta)));
    }
}

// Only for inference: it has no backward.
static Tensor turned(const Tensor& x, const Angles& angles, Index first) {
  const Tensor y = Tensor::like(x);
  parallel_for(x.dim(1), /*grain=*/16, [&, from = x.view(), to = y.view(), H = x.dim(2)](Index t) {
    const real *c = &angles.cos[size_t((first + t) * angles.pairs)],
               *s = &angles.sin[size_t((first + t) * angles.pairs)];
    for (Index row = t * H; row < (t + 1) * H; ++row) {
      const real* a = &from(row, 0);
      real* b = &to(row, 0);
      for (Index j = 0; j < angles.pairs; ++j) {
        b[2 * j] = a[2 * j] * c[j] - a[2 * j + 1] * s[j];
        b[2 * j + 1] = a[2 * j] * s[j] + a[2 * j + 1] * c[j];
      }
    }
  });
  return y;
}

Tensor rope(const Tensor& x, const Positions& at, const Rotary& rotary) {
  return at.angles ? turned(x, *at.angles, at.start) : rope(x, at.start, rotary);
}

}  // namespace seekling
