// Linear layer on a GPU, as in linear.cpp.
#include "matmul/gemm.h"
#include "ops/linear.h"

namespace seekling {

void cuda::linear_forward(View y, View x, View W) { cuda::gemm_nt(y, x, W); }

void cuda::linear_backward(const Tensor& dx, const Tensor& dW, View dy, View x, View W) {
  const Accumulate into_x = flow_into(dx), into_W = flow_into(dW);
  cuda::gemm_backward(dx, into_x, dW, into_W, dy, x, W);
}

}  // namespace seekling
