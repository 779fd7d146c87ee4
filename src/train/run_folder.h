// A run is a folder, and the folder is a Hugging Face checkpoint:
//
//   config.json  model.safetensors  tokenizer.json  tokenizer_config.json  generation_config.json
//       load as DeepseekV2ForCausalLM or DeepseekV3ForCausalLM
//   trainer_state.json  optimizer.safetensors
//       what an exact resume needs in addition
#pragma once

#include <filesystem>
#include <string>

#include "model/transformer.h"
#include "optim/adamw.h"
#include "system/atomic_save.h"
#include "train/settings.h"

namespace seekling {

class RunFolder {
 public:
  // Creates the folder if it does not exist. Every save contains the given tokenizer.json and
  // tokenizer_config.json.
  RunFolder(std::filesystem::path path, std::string tokenizer_json,
            std::string tokenizer_config_json);

  // Writes the files of a run before its first step, as parts of a larger save. There is no
  // optimizer.safetensors: all moments are 0.
  void write(const AtomicSave& save, const Transformer& model, const TrainerState& state) const;

  // Replaces all seven files or none: a kill at any moment leaves a complete checkpoint.
  void save(const Transformer& model, const AdamW& optimizer, const TrainerState& state) const;

  // Reads the weights and moments of the last save into those given. Error, naming the tensor, if
  // one contains a value that training cannot have produced.
  void load(const Transformer& model, const AdamW& optimizer) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  void write_checkpoint(const AtomicSave& save, const Transformer& model) const;

  std::filesystem::path path_;
  std::string tokenizer_, tokenizer_config_;
};

// "stopped after step 37 of 60; resume with: ./seekling train --resume runs/NAME"
std::string how_to_resume(const std::filesystem::path& path, const TrainerState& state);

}  // namespace seekling
