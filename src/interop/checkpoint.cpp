#include "interop/checkpoint.h"

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/check.h"
#include "core/parallel.h"
#include "interop/architectures.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

NamedTensors named_parameters(const Transformer& model) {
  NamedTensors all;
  model.for_each_parameter(
      [&](const std::string& name, const Tensor& p) { all.emplace_back(name, p); });
  return all;
}

namespace {

constexpr const char* kWhole = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kPickled = "pytorch_model.bin";
constexpr const char* kScale = "_scale_inv";
constexpr Index kScaleBlock = 128;

std::set<std::string> shards_of(const fs::path& index) {
  const nlohmann::json j = parse_json(read_file(index), index.string());
  check(j.is_object() && j.contains("weight_map") && j["weight_map"].is_object(), index.string(),
        ": has no weight_map, expected an index of safetensors shards");
  std::set<std::string> shards;
  for (const auto& [name, shard] : j["weight_map"].items()) {
    check(shard.is_string() && shard.get<std::string>().find('/') == std::string::npos,
          index.string(), ": tensor ", name, " is in ", shard.dump(),
          ", expected the name of a file in the same folder");
    shards.insert(shard.get<std::string>());
  }
  return shards;
}

// All files of a folder, mapped, and where each tensor is.
class Shards {
 public:
  explicit Shards(const fs::path& folder) {
    const bool whole = fs::exists(folder / kWhole), pickled = fs::exists(folder / kPickled);
    check(whole || fs::exists(folder / kIndex), folder.string(), ": has neither ", kWhole, " nor ",
          kIndex,
          pickled ? text("; its weights are in ", kPickled,
                         ", which Seekling does not read: save them as safetensors")
                  : ", so it holds no weights");
    for (const std::string& name :
         whole ? std::set<std::string>{kWhole} : shards_of(folder / kIndex)) {
      const fs::path path = folder / name;
      files_.push_back({path, std::make_unique<SafetensorsFile>(path)});
      for (const auto& [tensor, entry] : files_.back().file->entries()) {
        const auto [there, is_new] = where_.emplace(tensor, files_.size() - 1);
        check(is_new, path.string(), ": has the tensor ", tensor,
              ", which another shard has as well");
      }
    }
  }

  const std::map<std::string, std::size_t>& tensors() const { return where_; }
  bool has(const std::string& tensor) const { return where_.contains(tensor); }
  std::string path_of(const std::string& tensor) const {
    return files_[where_.at(tensor)].path.string();
  }
  const SafetensorsFile& file_of(const std::string& tensor) const {
    return *files_[where_.at(tensor)].file;
  }

 private:
  struct Opened {
    fs::path path;
    std::unique_ptr<SafetensorsFile> file;
  };
  std::vector<Opened> files_;
  std::map<std::string, std::size_t> where_;
};

bool is_eight_bit(const Shards& shards, const std::string& tensor) {
  return shards.has(tensor) && shards.file_of(tensor).entries().at(tensor).dtype == "F8_E4M3";
}

bool is_scale(const Shards& shards, const std::string& tensor) {
  return tensor.ends_with(kScale) &&
         is_eight_bit(shards, tensor.substr(0, tensor.size() - std::string(kScale).size()));
}

// transformers saves the shared experts of a model that has none (n_shared_experts 0)
// as matrices of 0 rows.
bool is_empty(const Shards& shards, const std::string& tensor) {
  const SafetensorsFile::Entry& entry = shards.file_of(tensor).entries().at(tensor);
  return tensor.find(".mlp.shared_experts.") != std::string::npos && entry.begin == entry.end;
}

// w_ij ← w_ij scale(i / 128, j / 128). DeepSeek-V3 (arXiv:2412.19437) §3.3.
void scale_blocks(const Shards& shards, const std::string& name, const Tensor& w) {
  check(shards.has(name + kScale), shards.path_of(name), ": tensor ", name,
        " has dtype F8_E4M3, but ", name, kScale, " is missing");
  const auto blocks = [](Index n) { return (n + kScaleBlock - 1) / kScaleBlock; };
  const Tensor scale({blocks(w.rows()), blocks(w.cols())});
  shards.file_of(name + kScale).read(name + kScale, scale);
  const View to = w, factor = scale;
  parallel_for(to.rows, /*grain=*/64, [=](Index i) {
    for (Index j = 0; j < to.cols; ++j) to(i, j) *= factor(i / kScaleBlock, j / kScaleBlock);
  });
}

void read_tensor(const Shards& shards, const std::string& name, const Tensor& into) {
  shards.file_of(name).read(name, into);
  if (is_eight_bit(shards, name)) scale_blocks(shards, name, into);
  check(into.view().matrix().allFinite(), shards.path_of(name), ": tensor ", name,
        " has a value that is not finite; the file is damaged, or its training failed");
}

// The place of one expert's matrix in the tensor that holds those of all experts of its layer:
// gate_up_proj [E, 2 I, D], the rows of gate_proj before those of up_proj, or down_proj [E, D, I].
struct Fused {
  std::string tensor;
  Index begin;  // its first row
};

std::optional<Fused> fused_of(const std::string& name, const Tensor& into) {
  static const std::string kExperts = ".mlp.experts.";
  const std::size_t at = name.find(kExperts);
  if (at == name.npos) return {};
  const std::string layer = name.substr(0, at + kExperts.size());
  const Index expert = std::stol(name.substr(layer.size()));
  const bool up = name.ends_with(".up_proj.weight");
  if (name.ends_with(".down_proj.weight")) return Fused{layer + "down_proj", expert * into.rows()};
  return Fused{layer + "gate_up_proj", (2 * expert + up) * into.rows()};
}

void read_parts(const Shards& shards, const std::vector<std::pair<Fused, Tensor>>& parts) {
  std::map<std::string, Tensor> of_layer;  // the tensors of one layer at a time
  for (const auto& [fused, into] : parts) {
    const std::string path = shards.path_of(fused.tensor);
    if (!of_layer.contains(fused.tensor)) {
      if (of_layer.size() == 2) of_layer.clear();
      const SafetensorsFile& file = shards.file_of(fused.tensor);
      const Tensor all(file.entries().at(fused.tensor).shape);
      read_tensor(shards, fused.tensor, all);
      of_layer.emplace(fused.tensor, all);
    }
    const Tensor& all = of_layer.at(fused.tensor);
    check(all.cols() == into.cols() && fused.begin + into.rows() <= all.rows(), path, ": tensor ",
          fused.tensor, " has shape ", all.shape(), ", which is too small for the experts");
    into.view().matrix() = all.view().middle_rows(fused.begin, into.rows()).matrix();
  }
}

// Tensors that a released V3 contains twice: each multi-token-prediction module has copies of the
// model's embedding and head.
std::vector<Copy> copies_of(const Transformer& model) {
  std::vector<Copy> copies;
  if (model.config.tie_word_embeddings) copies.push_back({"lm_head.weight", model.embed_tokens});
  for (std::size_t d = 0; d < model.mtp.size(); ++d) {
    const std::string at = "model.layers." + std::to_string(model.layers.size() + d) + ".";
    copies.push_back({at + "embed_tokens.weight", model.embed_tokens});
    copies.push_back({at + "shared_head.head.weight", model.lm_head});
  }
  return copies;
}

}  // namespace

void load_tensors(const fs::path& folder, const NamedTensors& into, const std::vector<Copy>& copies,
                  const LeftUnread& left_unread) {
  // Find each tensor: by its own name, as a part of another one, or nowhere
  const Shards shards(folder);
  NamedTensors whole;
  std::vector<std::pair<Fused, Tensor>> parts;
  std::set<std::string> missing;
  for (const auto& [name, tensor] : into) {
    const auto fused = fused_of(name, tensor);
    if (shards.has(name)) whole.emplace_back(name, tensor);
    else if (fused && shards.has(fused->tensor)) parts.emplace_back(*fused, tensor);
    else missing.insert(name);
  }

  // Refuse other tensors, and report missing ones
  std::set<std::string> known;
  for (const auto& [name, tensor] : into) known.insert(name);
  for (const Copy& copy : copies) known.insert(copy.name);
  for (const auto& [fused, tensor] : parts) known.insert(fused.tensor);
  for (const auto& [tensor, file] : shards.tensors())
    check(known.contains(tensor) || is_scale(shards, tensor) || is_empty(shards, tensor) ||
              tensor.ends_with("rotary_emb.inv_freq") || (left_unread && left_unread(tensor)),
          shards.path_of(tensor), ": has the tensor ", tensor,
          ", which a model with this config.json does not have");
  check(missing.empty(), folder.string(), ": the tensor ", missing.empty() ? "" : *missing.begin(),
        " is missing", missing.size() > 1 ? text(", and ", missing.size() - 1, " more") : "",
        !missing.empty() && missing.begin()->ends_with(".eh_proj.weight")
            ? "; if these weights have no multi-token prediction modules, set "
              "num_nextn_predict_layers to 0 in "
              "config.json"
            : "");

  // Read the values
  for (const auto& [name, tensor] : whole) read_tensor(shards, name, tensor);
  read_parts(shards, parts);

  // A tensor that the file has twice must be the same in both places
  for (const Copy& copy : copies) {
    if (!shards.has(copy.name)) continue;
    const Tensor twin(copy.of.shape());
    read_tensor(shards, copy.name, twin);
    check(twin.view().matrix() == copy.of.view().matrix(), shards.path_of(copy.name), ": tensor ",
          copy.name, " differs from the model's own table, which Seekling uses in its place");
  }
}

static std::string layer_name(Index layer) { return "model.layers." + std::to_string(layer) + "."; }

Index mtp_modules_in(const fs::path& folder, const Config& config) {
  const Shards shards(folder);
  Index n = 0;
  while (shards.has(layer_name(config.num_hidden_layers + n) + "eh_proj.weight")) ++n;
  return n;
}

bool has_weights(const fs::path& folder) {
  return fs::exists(folder / kWhole) || fs::exists(folder / kIndex);
}

static void load_weights(const fs::path& folder, const Transformer& model,
                         const NamedTensors& parameters) {
  const Index own = Index(model.layers.size() + model.mtp.size());
  const Shards shards(folder);
  const LeftUnread surplus = [&](const std::string& tensor) {
    for (Index i = own; shards.has(layer_name(i) + "eh_proj.weight"); ++i)
      if (tensor.starts_with(layer_name(i))) return true;
    return false;
  };
  load_tensors(folder, parameters, copies_of(model), surplus);
}

void load_weights(const fs::path& folder, const Transformer& model) {
  load_weights(folder, model, named_parameters(model));
}

bool has_indexers(const fs::path& folder) {
  const Shards shards(folder);
  return std::ranges::any_of(shards.tensors(),
                             [](const auto& tensor) { return is_of_indexer(tensor.first); });
}

void load_weights_without_indexers(const fs::path& folder, const Transformer& model) {
  NamedTensors others = named_parameters(model);
  std::erase_if(others, [](const auto& parameter) { return is_of_indexer(parameter.first); });
  load_weights(folder, model, others);
}

namespace {

std::string shard_name(std::size_t i, std::size_t n) {
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, n);
  return name;
}

}  // namespace

void save_weights(const fs::path& folder, const Transformer& model, const SaveOptions& options) {
  const DtypeOf dtype = [&](const std::string& name) {
    return is_correction_bias(name) ? "F32" : options.dtype;
  };
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};
  const NamedTensors all = named_parameters(model);
  if (options.largest_shard == 0)
    return write_safetensors(folder / kWhole, all, {}, metadata, dtype);

  std::vector<NamedTensors> shards(1);
  std::size_t in_shard = 0, total = 0;
  for (const auto& [name, tensor] : all) {
    const std::size_t bytes = bytes_in_file(tensor, dtype(name));
    if (in_shard > 0 && in_shard + bytes > options.largest_shard)
      shards.emplace_back(), in_shard = 0;
    shards.back().emplace_back(name, tensor);
    in_shard += bytes, total += bytes;
  }
  nlohmann::json weight_map = nlohmann::json::object();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string file = shard_name(i, shards.size());
    for (const auto& [name, tensor] : shards[i]) weight_map[name] = file;
    write_safetensors(folder / file, shards[i], {}, metadata, dtype);
  }
  const nlohmann::ordered_json index = {{"metadata", {{"total_size", total}}},
                                        {"weight_map", weight_map}};
  write_file(folder / kIndex, index.dump(2) + "\n");
}

}  // namespace seekling
