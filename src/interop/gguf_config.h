// The values deepseek2.* of a GGUF file: a model's Config, there and back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "interop/gguf.h"
#include "nn/config.h"

namespace seekling {

// dtype: of the matrices.
std::vector<std::pair<std::string, GgufValue>> gguf_values(const Config& config,
                                                           const std::string& dtype);

// The way back. What only training needs is not in the file, and becomes the default:
// initializer_range, aux_loss_alpha.
Config gguf_config(const GgufFile& file);

// What the file does not say, and what is taken in its place: a sentence each.
std::vector<std::string> gguf_config_notes(const GgufFile& file);

}  // namespace seekling
