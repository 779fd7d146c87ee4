// The texts of a new run, the user's or the toy world, made into token files, and the tokenizer of
// these files. A folder that `data pack` wrote has both already.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/say.h"
#include "system/atomic_save.h"
#include "text/tokenizer.h"
#include "toy/world.h"

namespace seekling {

struct Source {
  std::vector<std::filesystem::path> data = {};  // files and folders; empty: the toy world
  ToyWorldOptions toy_world = {};
  std::string tokenizer = {};  // a tokenizer.json or a folder with one; empty: one is learned
  Index vocab_size = 0;        // of the model
  Index seq_len = 0;           // of training
};

// Writes tokens/train.bin, tokens/heldout.bin (unless the text is too small to hold any of it out)
// and, of the toy world, data/. They are part of the run's first save, so a kill leaves no half of
// them.
Tokenizer prepare(const AtomicSave& save, const Source& source, const Say& say);

}  // namespace seekling
