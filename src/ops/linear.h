// y = x Wᵀ: the linear layer without bias, used throughout DeepSeek's models.
// W [out,in] as in the checkpoint.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor linear(const Tensor& x, const Tensor& W);  // x [..,in], W [out,in] -> [..,out]

using LinearForward = void(View y, View x, View W);
// Decides for dx and dW whether to store or to add.
using LinearBackward = void(const Tensor& dx, const Tensor& dW, View dy, View x, View W);
namespace cpu {
LinearForward linear_forward;
LinearBackward linear_backward;
}  // namespace cpu
namespace cuda {
LinearForward linear_forward;
LinearBackward linear_backward;
}  // namespace cuda

}  // namespace seekling
