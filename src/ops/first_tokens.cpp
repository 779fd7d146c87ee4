// The first n tokens of each sequence: y_b,t = x_b,t for t < n.               x [B,T,D]   y [B,n,D]
// Multi-token prediction needs it: the module of depth k has a next token only for the first
// T - k positions. Sequences are stored consecutively, so for B > 1 the result is not a view and
// the rows are copied. Backward: dx_b,t += dy_b,t for t < n; other tokens get no gradient.
#include "ops/first_tokens.h"

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

void cpu::first_tokens_forward(View y, View x, Index T, Index n) {
  parallel_for(y.rows, /*grain=*/64, [=](Index r) { y.row(r) = x.row(r / n * T + r % n); });
}

void cpu::first_tokens_backward(View dx, View dy, Index T, Index n) {
  parallel_for(dy.rows, /*grain=*/64, [=](Index r) { dx.row(r / n * T + r % n) += dy.row(r); });
}

Tensor first_tokens(const Tensor& x, Index n) {
  check(x.shape().count() == 3 && n >= 0 && n <= x.dim(1), "first_tokens: x ", x.shape(),
        " must be [B, T, D] with T at least ", n);
  const Index B = x.dim(0), T = x.dim(1);
  if (n == T) return x;
  const Tensor y({B, n, x.cols()}, x.device());
  on(x.device(), cpu::first_tokens_forward, cuda::first_tokens_forward)(y, x, T, n);
  record("first_tokens", {x}, {y}, [dx = x.grad(), dy = y.grad(), T, n] {
    on(dy.device(), cpu::first_tokens_backward, cuda::first_tokens_backward)(dx, dy, T, n);
  });
  return y;
}

}  // namespace seekling
