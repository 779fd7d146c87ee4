// A matrix of its own for each head: what absorbing W^UK into the query and W^UV into the output needs.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor per_head(const Tensor& x, const Tensor& W, Index rows);    // x [B,T,H,rows],  W_h [rows,cols] -> [B,T,H,cols]
Tensor per_head_t(const Tensor& x, const Tensor& W, Index rows);  // x [B,T,H,cols] -> [B,T,H,rows]

}  // namespace seekling
