// Linear layer: y = x Wᵀ                                        x [..,in]   W [out,in]   y [..,out]
// Backward. From y_o = Σ_i W_oi x_i: ∂y_o/∂x_i = W_oi and ∂y_o/∂W_oi = x_i. With x and dy as
// matrices of rows this is
//   dx = dy W      dW = dyᵀ x
#include "ops/linear.h"

#include "core/check.h"
#include "matmul/gemm.h"
#include "tensor/tape.h"

namespace seekling {

void cpu::linear_forward(View y, View x, View W) {
  gemm_nt(y, x, W);  // n: x as it is, t: W transposed
}

void cpu::linear_backward(const Tensor& dx, const Tensor& dW, View dy, View x, View W) {
  const Accumulate into_x = flow_into(dx), into_W = flow_into(dW);
  gemm_nn(dx, dy, W, into_x);
  gemm_tn(dW, dy, x, into_W);
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
