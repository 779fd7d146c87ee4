// Fill-in-the-middle: a document is cut in three, and its middle is moved to the end, so that a
// model that predicts the next token learns to fill gaps. Bavarian et al. 2022 (arXiv:2207.14255);
// DeepSeek-V3 (arXiv:2412.19437), §4.1: a tenth of the documents, before packing, in the order
// prefix, suffix, middle:
//
//   <｜fim▁begin｜> prefix <｜fim▁hole｜> suffix <｜fim▁end｜> middle
#pragma once

#include <string>
#include <string_view>

#include "core/rng.h"
#include "text/tokenizer.h"

namespace seekling {

inline constexpr const char *kFimBegin = "<｜fim▁begin｜>", *kFimHole = "<｜fim▁hole｜>",
                            *kFimEnd = "<｜fim▁end｜>";

struct FimTokens {
  TokenId begin, hole, end;

  explicit FimTokens(const Tokenizer& tokenizer);  // Error if it lacks one of them
};

struct FimParts {
  std::string prefix, middle, suffix;
};

// Cut at two places that are drawn uniformly, between characters.
FimParts fim_parts(std::string_view text, Rng& rng);

}  // namespace seekling
