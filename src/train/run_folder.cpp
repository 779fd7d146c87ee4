#include "train/run_folder.h"

#include <utility>

#include "core/check.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/generation_config.h"
#include "interop/safetensors.h"
#include "system/file.h"
#include "train/checksums.h"

namespace seekling {

namespace fs = std::filesystem;

RunFolder::RunFolder(fs::path path, std::string tokenizer_json, std::string tokenizer_config_json)
    : path_(std::move(path)), tokenizer_(std::move(tokenizer_json)),
      tokenizer_config_(std::move(tokenizer_config_json)) {
  const std::error_code error = make_folders(path_);
  check(!error, path_.string(), ": the run's folder cannot be created: ", error.message());
  recover(path_);
}

void RunFolder::write_checkpoint(const AtomicSave& save, const Transformer& model) const {
  write_file(save.file("config.json"), config_json(model.config));
  save_weights(save.file("model.safetensors").parent_path(), model);
  write_file(save.file("tokenizer.json"), tokenizer_);
  write_file(save.file("tokenizer_config.json"), tokenizer_config_);
  write_file(save.file("generation_config.json"), generation_config_json(model.config));
}

// Written last: it has the checksums of the other files.
static void write_state(const AtomicSave& save, TrainerState state) {
  state.checksums.clear();
  for (const char* name : {"model.safetensors", "optimizer.safetensors"})
    if (fs::exists(save.file(name))) state.checksums[name] = checksums_of(save.file(name));
  write_file(save.file("trainer_state.json"), trainer_state_json(state));
}

void RunFolder::write(const AtomicSave& save, const Transformer& model,
                      const TrainerState& state) const {
  write_checkpoint(save, model);
  write_state(save, state);
}

void RunFolder::save(const Transformer& model, const AdamW& optimizer,
                     const TrainerState& state) const {
  AtomicSave save(path_);
  write_checkpoint(save, model);
  save_moments(save.file("optimizer.safetensors"), optimizer.moments());
  write_state(save, state);
  save.commit();
}

void RunFolder::load(const Transformer& model, const AdamW& optimizer) const {
  load_weights(path_, model);
  load_moments(path_ / "optimizer.safetensors", optimizer.moments());
}

std::string how_to_resume(const fs::path& path, const TrainerState& state) {
  return text("stopped after step ", state.step, " of ", state.settings.steps,
              "; resume with: ./seekling train --resume ", path.string());
}

}  // namespace seekling
