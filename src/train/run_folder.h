// A run is a folder, and the folder is a Hugging Face checkpoint:
//
//   config.json  model.safetensors  tokenizer.json  tokenizer_config.json  generation_config.json
//       load as DeepseekV2ForCausalLM or DeepseekV3ForCausalLM
//   trainer_state.json  optimizer.safetensors
//       what it takes besides to go on to the bit
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
  // The folder is made if it is not there. The contents of tokenizer.json and tokenizer_config.json
  // go into every save.
  RunFolder(std::filesystem::path path, std::string tokenizer_json,
            std::string tokenizer_config_json);

  // The files of a run before its first step, as parts of a larger save. optimizer.safetensors
  // is not among them: all moments are 0.
  void write(const AtomicSave& save, const Transformer& model, const TrainerState& state) const;

  // All seven files or none: a kill at any moment leaves the last whole checkpoint.
  void save(const Transformer& model, const AdamW& optimizer, const TrainerState& state) const;

  // The weights and moments of the last save, into those given. Error, with its name, if one holds
  // a number that training cannot have left there.
  void load(const Transformer& model, const AdamW& optimizer) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  void write_checkpoint(const AtomicSave& save, const Transformer& model) const;

  std::filesystem::path path_;
  std::string tokenizer_, tokenizer_config_;
};

// "stopped after step 37 of 60; go on with: ./seekling train --resume runs/NAME"
std::string how_to_resume(const std::filesystem::path& path, const TrainerState& state);

}  // namespace seekling
