// Asking a model the held-out questions of the toy world.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "infer/decoder.h"
#include "text/tokenizer.h"
#include "toy/world.h"

namespace seekling {

// The model's answer to a prompt, limited by its positions; empty if the prompt fills them.
std::string answer(const Decoder& model, const Tokenizer& tokenizer, const std::string& prompt,
                   Index max_tokens);

struct Count {
  Index right = 0, asked = 0;
};
// Exact match: the greedy answer, up to the end of the sentence, equals the expected one.
// By kind, over all languages.
std::map<std::string, Count> exact_match(const Decoder& model, const Tokenizer& tokenizer,
                                         const std::vector<Question>& questions);

}  // namespace seekling
