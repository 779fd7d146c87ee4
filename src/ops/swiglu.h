// The gated activation of every feed-forward layer and expert.
#pragma once

#include "tensor/flow.h"
#include "tensor/tensor.h"

namespace seekling {

Tensor swiglu(const Tensor& gate_up);  // [..,2m], the gate's half first -> [..,m]

using SwigluForward = void(View y, View gate_up);
using SwigluBackward = void(View d_gate_up, Accumulate into, View dy, View gate_up);
namespace cpu {
SwigluForward swiglu_forward;
SwigluBackward swiglu_backward;
}  // namespace cpu
namespace cuda {
SwigluForward swiglu_forward;
SwigluBackward swiglu_backward;
}  // namespace cuda

}  // namespace seekling
