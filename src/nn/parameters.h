// A walk over the parameters of a layer. Each kind of layer names its own, as the checkpoint does:
// its parameters() visits them in a fixed order under the path `at` that the layer has in the
// model, such as model.layers.3.self_attn.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

using Visitor = std::function<void(const std::string& name, const Tensor& parameter)>;

// The name of each parameter of a layer in the checkpoint and in GGUF files of llama.cpp, both
// without the layer's number: {"self_attn.q_proj.weight", "attn_q.weight"}. Parameters of all
// experts are one tensor there, so the checkpoint's name has no number of an expert either.
using GgufNames = std::vector<std::pair<std::string, std::string>>;

}  // namespace seekling
