// Root mean square normalisation of the last dimension.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor rms_norm(const Tensor& x, const Tensor& gain, real eps);  // x [..,D], gain [D] -> [..,D]

}  // namespace seekling
