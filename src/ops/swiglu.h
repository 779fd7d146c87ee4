// The gated activation of every feed-forward layer and expert.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

Tensor swiglu(const Tensor& gate_up);  // [..,2m], the gate's half first -> [..,m]

}  // namespace seekling
