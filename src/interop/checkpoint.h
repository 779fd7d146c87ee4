// A folder of weights, as Hugging Face keeps it.
#pragma once

#include <filesystem>
#include <functional>

#include "interop/safetensors.h"
#include "model/transformer.h"

namespace seekling {

NamedTensors named_parameters(const Transformer& model);

// From model.safetensors, or from the shards that model.safetensors.index.json lists. Every tensor of `into` must be there
// with its shape, and nothing else but what `skip` names; both are refused by name.
void load_tensors(const std::filesystem::path& folder, const NamedTensors& into,
                  const std::function<bool(const std::string& name)>& skip = {});

// All parameters of a model. The multi-token prediction modules of V3, which stand in the file as layers behind the last,
// are passed over.
void load_weights(const std::filesystem::path& folder, const Transformer& model);

}  // namespace seekling
