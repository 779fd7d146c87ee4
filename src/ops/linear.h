// y = x Wᵀ, the layer without bias that all of DeepSeek is made of.
// W [out,in] as in the checkpoint.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor linear(const Tensor& x, const Tensor& W);  // x [..,in], W [out,in] -> [..,out]

using LinearForward = void(View y, View x, View W);
// It asks how dx and dW flow.
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
