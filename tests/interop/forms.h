// A form of files that people have, made from one small model, and what becomes of it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/gguf_checkpoint.h"
#include "interop/gguf_config.h"
#include "interop/load_model.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

using Change = std::function<void(Config&)>;

inline Config plain_v3(const Change& change = {}) {
  Config c;
  c.vocab_size = 11, c.hidden_size = 32, c.num_hidden_layers = 2, c.num_attention_heads = 2;
  c.num_key_value_heads = 2, c.kv_lora_rank = 32, c.q_lora_rank = 32, c.qk_nope_head_dim = 32;
  c.qk_rope_head_dim = 2, c.v_head_dim = 32, c.intermediate_size = 32;
  c.moe_intermediate_size = 32, c.n_routed_experts = 8, c.num_experts_per_tok = 2;
  c.n_group = 4, c.topk_group = 2, c.num_nextn_predict_layers = 1;
  c.model_type = "deepseek_v3", c.topk_method = "noaux_tc", c.scoring_func = "sigmoid";
  c.norm_topk_prob = true, c.n_shared_experts = 1, c.aux_loss_alpha = 0;
  c.max_position_embeddings = 4096, c.routed_scaling_factor = 2.5, c.first_k_dense_replace = 1;
  if (change) change(c);
  return c;
}

inline Config plain_v2(const Change& change = {}) {
  Config c = plain_v3();
  c.model_type = "deepseek_v2", c.topk_method = "greedy", c.scoring_func = "softmax";
  c.norm_topk_prob = false, c.n_group = c.topk_group = 1, c.num_nextn_predict_layers = 0;
  c.aux_loss_alpha = Config{}.aux_loss_alpha;
  if (change) change(c);
  return c;
}

// Its numbers are multiples of 1/8 up to 1, which every type of files holds.
inline std::unique_ptr<Transformer> model_of(const Config& c) {
  auto model = std::make_unique<Transformer>(c);
  for (const auto& [name, p] : named_parameters(*model)) {
    std::uint64_t n = std::hash<std::string>{}(name);
    for (Index j = 0; j < p.size(); ++j, n = n * 69069 + 1)
      p.data()[j] = real(n / 65536 % 17) / 8 - 1;
  }
  return model;
}

struct Form {
  std::string form, made_by, outcome;
  std::function<std::string(const fs::path& folder)> tried;  // the outcome that is found
};

inline std::string joined(const std::vector<std::string>& notes) {
  std::string all;
  for (const std::string& note : notes) all += (all.empty() ? "" : "; ") + note;
  return all;
}

// `found` has the config `c`, and of its parameters each is no further from the model's than
// `within`.
inline std::string compared(const Transformer& found, const Config& c, double within,
                            const std::vector<std::string>& notes) {
  if (config_json(found.config) != config_json(c)) return "wrong: another config";
  std::map<std::string, Tensor> wanted;
  for (const auto& [name, p] : named_parameters(*model_of(c))) wanted.emplace(name, p);
  for (const auto& [name, p] : named_parameters(found))
    if ((p.view().matrix() - wanted.at(name).view().matrix()).cwiseAbs().maxCoeff() > within)
      return "wrong: the tensor " + name;
  return notes.empty() ? "right" : "right, with a note: " + joined(notes);
}

// Opens the checkpoint in folder/model.
inline std::string opened(const fs::path& folder, const Config& c) {
  std::vector<std::string> notes;
  const auto model = load_model(folder / "model",
                                [&](const std::string& note) { notes.push_back(note.substr(6)); });
  return compared(*model, c, 0, notes);
}

// Imports folder/model.gguf, or another.
inline std::string imported(const fs::path& folder, const Config& c, double within = 0,
                            const char* name = "model.gguf") {
  const GgufFile file(folder / name);
  const Transformer model(gguf_config(file));
  load_gguf(file, model);
  return compared(model, c, within, gguf_config_notes(file));
}

inline void save(const fs::path& folder, const Config& c, const SaveOptions& options = {}) {
  fs::create_directories(folder / "model");
  write_file(folder / "model/config.json", config_json(c));
  save_weights(folder / "model", *model_of(c), options);
}

}  // namespace seekling
