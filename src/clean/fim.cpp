#include "clean/fim.h"

#include <algorithm>

#include "core/check.h"

namespace seekling {

namespace {

TokenId fim_token(const Tokenizer& tokenizer, const char* content) {
  const auto id = tokenizer.special(content);
  check(id.has_value(), "--fim-rate: the tokenizer has no token ", content,
        "; use DeepSeek-V3's tokenizer, or let `data pack` train one");
  return *id;
}

std::size_t border_before(std::string_view text, std::size_t at) {  // of a character
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

FimTokens::FimTokens(const Tokenizer& tokenizer)
    : begin(fim_token(tokenizer, kFimBegin)), hole(fim_token(tokenizer, kFimHole)),
      end(fim_token(tokenizer, kFimEnd)) {}

FimParts fim_parts(std::string_view text, Rng& rng) {
  const auto place = [&] {
    return border_before(text, std::size_t(rng.below(Index(text.size()) + 1)));
  };
  std::size_t first = place(), second = place();
  if (first > second) std::swap(first, second);
  return {std::string(text.substr(0, first)), std::string(text.substr(first, second - first)),
          std::string(text.substr(second))};
}

}  // namespace seekling
