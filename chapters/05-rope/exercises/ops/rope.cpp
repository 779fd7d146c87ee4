// RoPE. Su et al. 2021 (arXiv:2104.09864), eq. 34; DeepSeek-V2 (arXiv:2405.04434) eq. 39 and 43.
// The token at position p has its pair j = (x_2j, x_2j+1) turned by the angle p θ_j:              x, y [B,T,H,rope]
//   y_2j   = x_2j cos(p θ_j) - x_2j+1 sin(p θ_j)
//   y_2j+1 = x_2j sin(p θ_j) + x_2j+1 cos(p θ_j)
// Two rotations by pθ and by sθ leave a dot product that knows (p - s) θ alone: position becomes relative.
// Backward: a rotation's transpose is the rotation back, so dx is dy turned by -p θ_j (times the same factor).
#include "ops/rope.h"

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

Rotary Rotary::plain(Index rope, double base) {
  // Exercise 5.1. Fill in θ_j = base^(-2j/rope) for j = 0 .. rope/2 - 1.
  throw Error("exercise 5.1 is not yet attempted");
  // End of exercise 5.1.
}

void cpu::turn(View y, View x, Index T, Index H, Index start, const Rotary& rotary, int sign, bool accumulate) {
  // Exercise 5.2. Turn every pair of every row, as the two equations at the top say. Position t of this call is position
  // start + t of the sequence; `sign` is +1 or -1; the result is multiplied by rotary.factor. With `accumulate` it is added
  // to what y holds. Plain loops will do.
  throw Error("exercise 5.2 is not yet attempted");
  // End of exercise 5.2.
}

Tensor rope(const Tensor& x, Index start, const Rotary& rotary) {
  check(x.shape().count() == 4 && x.cols() == 2 * Index(rotary.theta.size()), "rope: x ", x.shape(),
        " must be [B, T, H, ", 2 * rotary.theta.size(), "]");
  const Tensor y = Tensor::like(x);
  on(x.device(), cpu::turn, cuda::turn)(y, x, x.dim(1), x.dim(2), start, rotary, +1, /*accumulate=*/false);
  record("rope", {x}, {y}, [dx = x.grad(), dy = y.grad(), T = x.dim(1), H = x.dim(2), start, rotary] {
    // Exercise 5.3. Add to dx what dy implies.
    throw Error("exercise 5.3 is not yet attempted");
    // End of exercise 5.3.
  });
  return y;
}

}  // namespace seekling
