// The toy world's held-out questions, put to a model.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "infer/decoder.h"
#include "text/tokenizer.h"
#include "toy/world.h"

namespace seekling {

// What the model says to a prompt, as far as its positions reach; nothing
// to a prompt that fills them.
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
