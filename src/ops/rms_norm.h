// Root mean square normalisation of the last dimension.
#pragma once

#include "tensor/flow.h"
#include "tensor/tensor.h"

namespace seekling {

Tensor rms_norm(const Tensor& x, const Tensor& gain, real eps);  // x [..,D], gain [D] -> [..,D]

using RmsNormForward = void(View y, View r, View x, View gain, real eps);
using RmsNormBackward = void(View dx, Accumulate into_x, View dgain, View dy, View x, View gain,
                             View r);
namespace cpu {
RmsNormForward rms_norm_forward;
RmsNormBackward rms_norm_backward;
}  // namespace cpu
namespace cuda {
RmsNormForward rms_norm_forward;
RmsNormBackward rms_norm_backward;
}  // namespace cuda

}  // namespace seekling
