// y = x Wᵀ, the layer without bias that all of DeepSeek is made of. W [out,in] as in the checkpoint.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor linear(const Tensor& x, const Tensor& W);  // x [..,in], W [out,in] -> [..,out]

}  // namespace seekling
