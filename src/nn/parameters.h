// A walk over the parameters of a layer. Each kind of layer names its own, as the checkpoint does:
// its parameters() visits them in a fixed order under the path `at` that the layer has in the
// model, such as model.layers.3.self_attn.
#pragma once

#include <functional>
#include <string>

#include "tensor/tensor.h"

namespace seekling {

using Visitor = std::function<void(const std::string& name, const Tensor& parameter)>;

}  // namespace seekling
