// y = a + b: the residual connection, and the sum of losses.
#pragma once

#include "tensor/flow.h"
#include "tensor/tensor.h"

namespace seekling {

Tensor add(const Tensor& a, const Tensor& b);  // equal shapes

using AddForward = void(View y, View a, View b);
using AddBackward = void(View dx, Accumulate into_x, View dy);  // of either input
namespace cpu {
AddForward add_forward;
AddBackward add_backward;
}  // namespace cpu
namespace cuda {
AddForward add_forward;
AddBackward add_backward;
}  // namespace cuda

}  // namespace seekling
