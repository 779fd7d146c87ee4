// A folder of weights, as Hugging Face keeps it: model.safetensors, or shards
// of it with model.safetensors.index.json.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "interop/safetensors.h"
#include "model/transformer.h"

namespace seekling {

NamedTensors named_parameters(const Transformer& model);

// A tensor that the file may hold though the model shares another one's numbers:
// each must equal its original.
struct Copy {
  std::string name;
  Tensor of;
};

using LeftUnread = std::function<bool(const std::string& tensor)>;

// Reads every tensor of `into`, which must exist once, with its shape and finite values. The folder
// may also contain `copies`, rotary tables, empty shared experts and tensors for which
// `left_unread` is true; any other tensor is refused by name. F8_E4M3 comes with NAME_scale_inv, a
// factor for each block of 128 x 128 values, as in the released DeepSeek-V3. The experts of a layer
// may also be two tensors, gate_up_proj and down_proj, as in transformers 5.
void load_tensors(const std::filesystem::path& folder, const NamedTensors& into,
                  const std::vector<Copy>& copies = {}, const LeftUnread& left_unread = {});

// The number of modules of multi-token prediction in a folder's weights, after the last layer of
// the config. transformers leaves them out when it saves a V3, but not their number in config.json.
Index mtp_modules_in(const std::filesystem::path& folder, const Config& config);

bool has_weights(const std::filesystem::path& folder);

// All parameters of a model. Left unread are modules of multi-token prediction after the model's
// own.
void load_weights(const std::filesystem::path& folder, const Transformer& model);

// DeepSeek-V3.2 begins with V3's weights: a V3.2 whose files have no indexers keeps those it has.
bool has_indexers(const std::filesystem::path& folder);
void load_weights_without_indexers(const std::filesystem::path& folder, const Transformer& model);

struct SaveOptions {
  std::string dtype = "F32";      // of parameters: F32, BF16 or F16; correction biases: F32
  std::size_t largest_shard = 0;  // bytes; 0: one file, model.safetensors
};

// Into an empty folder, such as AtomicSave gives.
void save_weights(const std::filesystem::path& folder, const Transformer& model,
                  const SaveOptions& options = {});

}  // namespace seekling
