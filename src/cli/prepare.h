// From what a new run is to learn from, the user's text or the toy world, to token files and the tokenizer that made them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/tokens.h"
#include "data/toy_world.h"
#include "interop/atomic_save.h"

namespace seekling {

struct Source {
  std::vector<std::filesystem::path> data = {};  // as given to --data; empty: the toy world
  ToyWorldOptions toy_world = {};
  std::string tokenizer = {};  // as given to --tokenizer; empty: one is learned
  Index vocab_size = 0;        // of the model
  Index seq_len = 0;           // of training
};

// Writes tokens/train.bin, tokens/heldout.bin (unless the text is too small to hold any of it out) and, of the toy world,
// data/. They are part of the run's first save, so a kill on the way leaves no half of them.
Tokenizer prepare(const AtomicSave& save, const Source& source);

}  // namespace seekling
