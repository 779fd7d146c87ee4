// Text while it is generated. A token may end in the middle of a character;
// what comes out is only what no later token can change, and all that came out, with flush(),
// is Tokenizer::decode of all ids.
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace seekling {

class StreamDecoder {
 public:
  explicit StreamDecoder(Tokenizer of, bool keep_specials = true)
      : tokenizer(std::move(of)), keep(keep_specials) {}

  std::string feed(TokenId id);  // the text that is now certain; Error for a negative id
  std::string flush();           // the end: a character that stays unfinished is one U+FFFD

 private:
  Tokenizer tokenizer;
  bool keep;
  std::string pending;  // the bytes of an unfinished character, at most three
};

}  // namespace seekling
