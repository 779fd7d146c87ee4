// Sum: y = a + b                                                                     a, b, y [..,D]
// Backward: da = dy, db = dy. This is why residual networks train: the gradient reaches every layer
// undiminished.
#include "ops/add.h"

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

void cpu::add_forward(View y, View a, View b) {
  parallel_for(y.rows, /*grain=*/64, [=](Index i) { y.row(i) = a.row(i) + b.row(i); });
}

void cpu::add_backward(View dx, Accumulate into_x, View dy) {
  parallel_for(dx.rows, /*grain=*/64, [=](Index i) { flow(dx.row(i), dy.row(i), into_x); });
}

Tensor add(const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape(), "add: shapes ", a.shape(), " and ", b.shape(), " must be equal");
  const Tensor y = Tensor::like(a);
  on(y.device(), cpu::add_forward, cuda::add_forward)(y, a, b);
  if (!recording()) return y;
  record("add", {a, b}, {y}, [da = a.grad(), db = b.grad(), dy = y.grad()] {
    for (const Tensor& dx : {da, db}) {
      const Accumulate into_x = flow_into(dx);
      on(dy.device(), cpu::add_backward, cuda::add_backward)(dx, into_x, dy);
    }
  });
  return y;
}

}  // namespace seekling
