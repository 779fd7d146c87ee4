// Sum: y = a + b                                                                                     a, b, y [..,D]
// Backward: da = dy, db = dy. This is why residual streams train: the gradient reaches every layer undiminished.
#include "ops/add.h"

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

static void accumulate(View sum, View x) {
  parallel_for(sum.rows, /*grain=*/64, [=](Index i) { sum.row(i) += x.row(i); });
}

Tensor add(const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape(), "add: shapes ", a.shape(), " and ", b.shape(), " must be equal");
  const Tensor y = Tensor::like(a);
  const View ya = y, va = a, vb = b;
  parallel_for(ya.rows, /*grain=*/64, [=](Index i) { ya.row(i) = va.row(i) + vb.row(i); });
  record("add", {a, b}, {y}, [da = a.grad(), db = b.grad(), dy = y.grad()] {
    accumulate(da, dy);
    accumulate(db, dy);
  });
  return y;
}

}  // namespace seekling
