// Decodes text while it is generated. A token may end in the middle of a character, so only text
// that no later token can change is returned. All returned text together, including flush(), equals
// Tokenizer::decode of all ids.
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace seekling {

class StreamDecoder {
 public:
  explicit StreamDecoder(Tokenizer of, bool keep_specials = true)
      : tokenizer(std::move(of)), keep(keep_specials) {}

  std::string feed(TokenId id);  // returns the text now certain; Error for a negative id
  std::string flush();           // at the end: an incomplete character becomes one U+FFFD

 private:
  Tokenizer tokenizer;
  bool keep;
  std::string pending;  // the bytes of an unfinished character, at most three
};

}  // namespace seekling
