// What a model says on the way, for samples.md, and at the end of training. Of the toy world: stories and held-out
// questions. Of other text: passages that were held out, which it is to continue.
#pragma once

#include <filesystem>
#include <string>

#include "data/token_file.h"
#include "data/tokenizer.h"
#include "model/transformer.h"

namespace seekling {

std::string toy_samples(const Transformer& model, const Tokenizer& tokenizer, const std::filesystem::path& questions,
                        Index how_many);

// `text`: the held-out one, or, if there is none, the one learned from.
std::string prose_samples(const Transformer& model, const Tokenizer& tokenizer, const TokenFile& text, Index how_many);

// samples.md: "## Step 100", and what was said then. Those of later steps than `last_step` are taken out, as a run that goes
// on will say them again.
void append_samples(const std::filesystem::path& file, Index step, const std::string& samples);
void forget_samples_after(const std::filesystem::path& file, Index last_step);

}  // namespace seekling
