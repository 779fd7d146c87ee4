// y = a + b: the residual connection, and the sum of losses.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor add(const Tensor& a, const Tensor& b);  // equal shapes

}  // namespace seekling
