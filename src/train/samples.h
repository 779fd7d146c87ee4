// Text that a model generates during and at the end of training. For the toy world: stories, and
// answers to held-out questions. For other text: continuations of held-out passages.
#pragma once

#include <filesystem>
#include <string>

#include "data/token_file.h"
#include "model/transformer.h"
#include "text/tokenizer.h"
#include "train/run.h"

namespace seekling {

std::string toy_samples(const Transformer& model, const Tokenizer& tokenizer,
                        const std::filesystem::path& questions, Index how_many);

// `text`: the held-out text or, if there is none, the training text.
std::string prose_samples(const Transformer& model, const Tokenizer& tokenizer,
                          const TokenFile& text, Index how_many);

// The samples that suit the run's texts. A continuation is longer than an answer, so prose gets
// only a third of how_many.
std::string samples_of(const Run& run, const TokenFiles& texts, Index how_many);

}  // namespace seekling
