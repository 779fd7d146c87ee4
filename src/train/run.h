// A run: a folder, the model being trained in it, and the training state.
//
//   RUN/data/     the toy world, unless the run uses other texts
//   RUN/tokens/   train.bin and heldout.bin: the texts as token ids
//   RUN/samples.md, metrics.jsonl, report.html
//   RUN/config.json, model.safetensors ...: the checkpoint (train/run_folder.h)
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/say.h"
#include "data/token_file.h"
#include "system/folder_lock.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"
#include "toy/world.h"
#include "train/run_folder.h"
#include "train/trainer.h"

namespace seekling {

struct RunOptions {
  Config config;
  TrainSettings settings;              // start from default_settings(config.hidden_size)
  std::filesystem::path folder;        // may exist, but must not contain files of a run
  std::vector<std::string> data = {};  // files and folders; empty: the toy world
  ToyWorldOptions toy_world = {};      // its seed is replaced by that of the settings
  std::string tokenizer = {};          // a tokenizer.json or its folder; empty: learn one
  std::filesystem::path weights = {};  // a checkpoint to start from; empty: random weights
};

struct Run {
  std::filesystem::path folder;
  std::unique_ptr<FolderLock> lock;  // of the folder: prevents a second process from training in it
  std::unique_ptr<Transformer> model;
  std::optional<Tokenizer> tokenizer;
  std::string chat_template =
      kChatTemplate;   // of the checkpoint that it started from, if it had one
  TrainerState state;  // when the run was begun or resumed

  std::string name() const;  // the folder's
  std::filesystem::path questions() const { return folder / "data" / "questions.jsonl"; }
  RunFolder checkpoint() const;
  std::shared_ptr<const Transformer> model_on_cpu() const;  // a copy if the model is on a GPU
};

// Makes the token files, the tokenizer and the initial weights, and saves them together: the folder
// contains a complete run or nothing.
Run begin_run(const RunOptions& options, const Say& say);

// Reads a run from its last save. `change` may modify the settings steps, eval_every, save_every,
// sample_every and recompute, which do not affect what was learned so far.
Run resume_run(const std::filesystem::path& folder,
               const std::function<void(TrainSettings&)>& change, const Say& say);

// The token files of a run, as training and evaluation read them.
struct TokenFiles {
  TokenFile train;
  std::optional<TokenFile> heldout;

  explicit TokenFiles(const Run& run);
  const TokenFile& to_continue() const { return heldout ? *heldout : train; }
};

BatchSource batches_of(const Run& run, const TokenFiles& texts);  // the texts must outlive it
Heldout heldout_of(const Run& run, const TokenFiles& texts);

void write_report(const Run& run, const TrainerState& state);  // report.html

}  // namespace seekling
