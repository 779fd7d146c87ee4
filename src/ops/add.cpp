// Sum: y = a + b                                                                                     a, b, y [..,D]
// Backward: da = dy, db = dy. This is why residual streams train: the gradient reaches every layer undiminished.
#include "ops/add.h"

#include "core/check.h"
#include "core/parallel.h"
#include "ops/flow.h"
#include "tensor/tape.h"

namespace seekling {

static void pass_on(const Tensor& gradient, View dy) {
  const Accumulate into = flow_into(gradient);
  const View dx = gradient;
  parallel_for(dx.rows, /*grain=*/64, [=](Index i) { flow(dx.row(i), dy.row(i), into); });
}

Tensor add(const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape(), "add: shapes ", a.shape(), " and ", b.shape(), " must be equal");
  const Tensor y = Tensor::like(a);
  const View ya = y, va = a, vb = b;
  parallel_for(ya.rows, /*grain=*/64, [=](Index i) { ya.row(i) = va.row(i) + vb.row(i); });
  record("add", {a, b}, {y}, [da = a.grad(), db = b.grad(), dy = y.grad()] {
    pass_on(da, dy);
    pass_on(db, dy);
  });
  return y;
}

}  // namespace seekling
