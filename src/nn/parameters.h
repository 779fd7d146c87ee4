// Visiting the parameters of a layer. parameters() of each kind of layer visits them in a fixed
// order under the names of the checkpoint; `at` is the path of the layer in the model, such as
// model.layers.3.self_attn.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

using Visitor = std::function<void(const std::string& name, const Tensor& parameter)>;

// Pairs of a parameter's name in the checkpoint and in llama.cpp's GGUF files, both without the
// layer number: {"self_attn.q_proj.weight", "attn_q.weight"}. In GGUF the weights of all experts
// are one tensor, so the checkpoint's name has no expert number either.
using GgufNames = std::vector<std::pair<std::string, std::string>>;

}  // namespace seekling
