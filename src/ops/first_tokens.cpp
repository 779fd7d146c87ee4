// The first n tokens of each sequence: y_b,t = x_b,t for t < n.                             x [B,T,D]   y [B,n,D]
// Multi-token prediction needs it: the module of depth k has a next token to look at for the first T - k positions
// only. Sequences lie one after the other, so for B > 1 this is no view and the rows are copied. Backward: dx_b,t +=
// dy_b,t for t < n; the others get nothing.
#include "ops/first_tokens.h"

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

Tensor first_tokens(const Tensor& x, Index n) {
  check(x.shape().count() == 3 && n >= 0 && n <= x.dim(1), "first_tokens: x ", x.shape(),
        " must be [B, T, D] with T at least ", n);
  const Index B = x.dim(0), T = x.dim(1);
  if (n == T) return x;
  const Tensor y({B, n, x.cols()});
  const View from = x, to = y;
  parallel_for(B * n, /*grain=*/64, [=](Index r) { to.row(r) = from.row(r / n * T + r % n); });
  record("first_tokens", {x}, {y}, [dx = x.grad(), dy = y.grad(), T, n] {
    const View into = dx, d = dy;
    parallel_for(d.rows, /*grain=*/64, [=](Index r) { into.row(r / n * T + r % n) += d.row(r); });
  });
  return y;
}

}  // namespace seekling
