// A model as one GGUF file of architecture "deepseek2", which llama.cpp uses for both DeepSeek-V2
// and V3.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "interop/gguf.h"
#include "model/transformer.h"
#include "text/tokenizer.h"

namespace seekling {

struct GgufOptions {
  // Of the matrices: F32, F16, BF16 or Q8_0. Gains, routers and correction biases stay F32,
  // and in a Q8_0 file rows whose length is not a multiple of 32 are F16.
  std::string dtype = "F32";
  const Tokenizer* tokenizer = nullptr;  // none: a model for token ids alone
  std::string chat_template = {};
};

// Error, before anything is written, for a model that llama.cpp would compute
// otherwise, or not at all.
void save_gguf(const std::filesystem::path& path, const Transformer& model,
               const GgufOptions& options = {});

// What a file of this model does not hold, or holds in another type: a sentence each.
std::vector<std::string> gguf_notes(const Transformer& model, const std::string& dtype);

// All, each once and finite. The model: of gguf_config(file).
void load_gguf(const GgufFile& file, const Transformer& model);

}  // namespace seekling
