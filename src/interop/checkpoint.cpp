#include "interop/checkpoint.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/check.h"
#include "interop/file.h"

namespace seekling {

namespace fs = std::filesystem;

NamedTensors named_parameters(const Transformer& model) {
  NamedTensors all;
  model.for_each_parameter([&](const std::string& name, const Tensor& p) { all.emplace_back(name, p); });
  return all;
}

static std::set<std::string> shards_of(const fs::path& index) {
  const nlohmann::json j = parse_json(read_file(index), index.string());
  check(j.is_object() && j.contains("weight_map") && j["weight_map"].is_object(), index.string(),
        ": has no weight_map, expected an index of safetensors shards");
  std::set<std::string> shards;
  for (const auto& [name, shard] : j["weight_map"].items()) {
    check(shard.is_string() && shard.get<std::string>().find('/') == std::string::npos, index.string(), ": tensor ", name,
          " is in ", shard.dump(), ", expected the name of a file in the same folder");
    shards.insert(shard.get<std::string>());
  }
  return shards;
}

// Of model.layers.7.mlp...: 7; of other tensors: -1.
static Index layer_of(const std::string& tensor) {
  const std::string prefix = "model.layers.";
  if (!tensor.starts_with(prefix) || tensor.size() > 200) return -1;
  const std::size_t end = tensor.find('.', prefix.size());
  const std::string digits = tensor.substr(prefix.size(), end - prefix.size());
  const bool number = !digits.empty() && digits.size() < 7 && digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? Index(std::stol(digits)) : -1;
}

void load_weights(const fs::path& folder, const Transformer& model) {
  load_tensors(folder, named_parameters(model), [&](const std::string& tensor) {
    return model.config.num_nextn_predict_layers > 0 && layer_of(tensor) >= model.config.num_hidden_layers;
  });
}

void load_tensors(const fs::path& folder, const NamedTensors& into, const std::function<bool(const std::string&)>& skip) {
  const fs::path index = folder / "model.safetensors.index.json";
  const std::set<std::string> files = fs::exists(index) ? shards_of(index) : std::set<std::string>{"model.safetensors"};
  const std::map<std::string, Tensor> wanted(into.begin(), into.end());
  std::map<std::string, Tensor> missing = wanted;
  for (const std::string& name : files) {
    const SafetensorsFile file(folder / name);
    for (const auto& [tensor, entry] : file.entries()) {
      if (skip && skip(tensor)) continue;
      check(wanted.contains(tensor), (folder / name).string(), ": has the tensor ", tensor,
            ", which a model with this config.json does not have");
      check(missing.erase(tensor) == 1, (folder / name).string(), ": has the tensor ", tensor,
            ", which another shard has as well");
      file.read(tensor, wanted.at(tensor));
    }
  }
  check(missing.empty(), folder.string(), ": the tensor ", missing.empty() ? "" : missing.begin()->first, " is missing",
        missing.size() > 1 ? text(", and ", missing.size() - 1, " more") : "");
}

}  // namespace seekling
