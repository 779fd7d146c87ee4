// Layer normalisation of the last dimension.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

// x [..,D], gain and bias [D] -> [..,D]
Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, real eps);

}  // namespace seekling
