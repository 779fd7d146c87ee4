// A linear map with a separate matrix for each head, used to absorb W^UK into the query and W^UV
// into the output.
#pragma once

#include "quant/packed.h"
#include "tensor/tensor.h"

namespace seekling {

// y_h = x_h W_h and y_h = x_h W_hᵀ                                                  W_h [rows,cols]
Tensor per_head(const Tensor& x, const Tensor& W, Index rows);    // [B,T,H,rows] -> [B,T,H,cols]
Tensor per_head_t(const Tensor& x, const Tensor& W, Index rows);  // [B,T,H,cols] -> [B,T,H,rows]

// The same with packed matrices: x [B,T,H,in] -> [B,T,H,out]. `in` is rows for per_head and cols
// for per_head_t.
Packed pack_per_head(Format format, const Tensor& W, Index rows);
Packed pack_per_head_t(Format format, const Tensor& W, Index rows);
Tensor per_head(const Tensor& x, const Packed& W);

using PerHeadForward = void(View y, View x, View W, Index rows, bool transposed);
using PerHeadBackward = void(View dx, View dW, View dy, View x, View W, Index rows,
                             bool transposed);
namespace cpu {
PerHeadForward per_head_forward;
PerHeadBackward per_head_backward;
}  // namespace cpu
namespace cuda {
PerHeadForward per_head_forward;
PerHeadBackward per_head_backward;
}  // namespace cuda

}  // namespace seekling
