// RoPE. Su et al. 2021 (arXiv:2104.09864), eq. 34; DeepSeek-V2 (arXiv:2405.04434) eq. 39 and 43.
// The pair j = (x_2j, x_2j+1) of the token at position p is rotated by p θ_j:     x, y [B,T,H,rope]
//   y_2j   = x_2j cos(p θ_j) - x_2j+1 sin(p θ_j)
//   y_2j+1 = x_2j sin(p θ_j) + x_2j+1 cos(p θ_j)
// The dot product of two vectors rotated by pθ and sθ depends only on (p - s) θ: position becomes
// relative. Backward: the transpose of a rotation is its inverse, so dx is dy rotated by -p θ_j
// (times the same factor).
#include "attention/rope.h"

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

Rotary Rotary::plain(Index rope, double base) {
  Rotary rotary;
  for (Index j = 0; j < rope / 2; ++j)
    rotary.theta.push_back(std::pow(base, -2.0 * double(j) / double(rope)));
  return rotary;
}

void cpu::turn(View y, View x, Index T, Index H, Index start, const Rotary& rotary, int sign,
               bool accumulate) {
  parallel_for(T, /*grain=*/16, [=, &rotary](Index t) {
    const Index pairs = Index(rotary.theta.size());
    std::vector<real> cos(std::size_t(pairs), 0), sin(std::size_t(pairs), 0);
    for (Index j = 0; j < pairs; ++j) {
      const double angle = double(start + t) * rotary.theta[std::size_t(j)];
      cos[std::size_t(j)] = real(rotary.factor * std::cos(angle));
      sin[std::size_t(j)] = real(sign * rotary.factor * std::sin(angle));
    }
    for (Index b = 0; b < x.rows / (T * H); ++b)
      for (Index row = (b * T + t) * H; row < (b * T + t + 1) * H; ++row)
        for (Index j = 0; j < pairs; ++j) {
          const real c = cos[std::size_t(j)], s = sin[std::size_t(j)];
          const real x0 = x(row, 2 * j), x1 = x(row, 2 * j + 1);
          y(row, 2 * j) = (accumulate ? y(row, 2 * j) : 0) + x0 * c - x1 * s;
          y(row, 2 * j + 1) = (accumulate ? y(row, 2 * j + 1) : 0) + x0 * s + x1 * c;
        }
  });
}

Tensor rope(const Tensor& x, Index start, const Rotary& rotary) {
  check(x.shape().count() == 4 && x.cols() == 2 * Index(rotary.theta.size()), "rope: x ", x.shape(),
        " must be [B, T, H, ", 2 * rotary.theta.size(), "]");
  const Tensor y = Tensor::like(x);
  on(x.device(), cpu::turn, cuda::turn)(y, x, x.dim(1), x.dim(2), start, rotary, +1,
                                        /*accumulate=*/false);
  record("rope", {x}, {y},
         [dx = x.grad(), dy = y.grad(), T = x.dim(1), H = x.dim(2), start, rotary] {
           on(dy.device(), cpu::turn, cuda::turn)(dx, dy, T, H, start, rotary, -1,
                                                  /*accumulate=*/true);
         });
  return y;
}

}  // namespace seekling
