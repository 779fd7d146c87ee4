// The beginning of every sequence of a batch.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor first_tokens(const Tensor& x, Index n);  // x [B,T,D] -> [B,n,D], n <= T

using FirstTokensForward = void(View y, View x, Index T, Index n);
using FirstTokensBackward = void(View dx, View dy, Index T, Index n);
namespace cpu {
FirstTokensForward first_tokens_forward;
FirstTokensBackward first_tokens_backward;
}  // namespace cpu
namespace cuda {
FirstTokensForward first_tokens_forward;
FirstTokensBackward first_tokens_backward;
}  // namespace cuda

}  // namespace seekling
