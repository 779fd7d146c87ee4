// Linear layer: y = x Wᵀ                                                              x [..,in]   W [out,in]   y [..,out]
// Backward. From y_o = Σ_i W_oi x_i:  ∂y_o/∂x_i = W_oi and ∂y_o/∂W_oi = x_i, so with all rows of x and dy stacked
//   dx = dy W      dW = dyᵀ x
#include "ops/linear.h"

#include "core/check.h"
#include "ops/gemm.h"
#include "tensor/tape.h"

namespace seekling {

void cpu::linear_forward(View y, View x, View W) {
  // Exercise 1.2. Fill in y. The elements of a View are x(i, j); use three plain loops. x may be a window of a wider
  // tensor: its rows then lie further apart than they are long.
  throw Error("exercise 1.2 is not yet attempted");
  // End of exercise 1.2.
}

void cpu::linear_backward(const Tensor& dx, const Tensor& dW, View dy, View x, View W) {
  // Exercise 1.3. Add to dx and to dW what dy implies: plain loops over Views of them, or the products of ops/gemm.h.
  throw Error("exercise 1.3 is not yet attempted");
  // End of exercise 1.3.
}

Tensor linear(const Tensor& x, const Tensor& W) {
  check(W.shape().count() == 2 && x.cols() == W.cols(), "linear: weight ", W.shape(),
        " must be [out, in] with in the last dimension of x ", x.shape());
  Shape shape = x.shape();
  shape.back() = W.dim(0);
  const Tensor y(shape, x.device());
  on(x.device(), cpu::linear_forward, cuda::linear_forward)(y, x, W);
  record("linear", {x, W}, {y}, [x, W, dx = x.grad(), dW = W.grad(), dy = y.grad()] {
    on(x.device(), cpu::linear_backward, cuda::linear_backward)(dx, dW, dy, x, W);
  });
  return y;
}

}  // namespace seekling
