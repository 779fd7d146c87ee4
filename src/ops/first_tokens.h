// The beginning of every sequence of a batch.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor first_tokens(const Tensor& x, Index n);  // x [B,T,D] -> [B,n,D], n <= T

}  // namespace seekling
