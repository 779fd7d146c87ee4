// The tokenizer inside a GGUF file: tokens, their types, merges, and a name for the pre-tokenizer,
// which llama.cpp looks up in a list of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interop/gguf.h"
#include "text/tokenizer.h"

namespace seekling {

// The values tokenizer.*. vocab_size: of the model, whose surplus ids get tokens that are never
// used. Error for a pre-tokenizer that llama.cpp has no name for.
std::vector<std::pair<std::string, GgufValue>> gguf_tokenizer(const Tokenizer& tokenizer,
                                                              Index vocab_size,
                                                              const std::string& chat_template);

// Nothing if the file says that it has none (tokenizer.ggml.model "none").
std::optional<Tokenizer> tokenizer_of(const GgufFile& file);
std::string chat_template_of(const GgufFile& file);  // empty if there is none

}  // namespace seekling
