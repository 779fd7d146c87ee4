// The parameters of a model with the experts of each layer as two tensors, as in the classes of
// transformers 5.
#pragma once

#include <map>
#include <string>

#include "interop/checkpoint.h"

namespace seekling {

inline NamedTensors with_fused_experts(const Transformer& model) {
  const Config& c = model.config;
  const Index E = c.n_routed_experts, I = c.moe_intermediate_size, D = c.hidden_size;
  NamedTensors all;
  std::map<std::string, Tensor> fused;
  for (const auto& [name, p] : named_parameters(model)) {
    const std::size_t at = name.find(".mlp.experts.");
    if (at == name.npos) {
      all.emplace_back(name, p);
      continue;
    }
    const std::string layer = name.substr(0, at + 13);
    const Index expert = std::stol(name.substr(layer.size()));
    const Tensor gate_up =
        fused.try_emplace(layer + "gate_up_proj", Shape{E, 2 * I, D}).first->second;
    const Tensor down = fused.try_emplace(layer + "down_proj", Shape{E, D, I}).first->second;
    const bool is_down = name.ends_with(".down_proj.weight");
    const Index begin =
        is_down ? expert * D : expert * 2 * I + (name.ends_with(".up_proj.weight") ? I : 0);
    (is_down ? down : gate_up).view().middle_rows(begin, p.rows()).matrix() = p.view().matrix();
  }
  all.insert(all.end(), fused.begin(), fused.end());
  return all;
}

}  // namespace seekling
