// Tokens that are cut out of a text literally, before anything else looks at it: <｜User｜> is one
// token wherever it stands. The leftmost is taken first, of those that start together the longest.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "text/bpe.h"

namespace seekling {

struct AddedToken {  // an entry of tokenizer.json's added_tokens
  TokenId id;
  std::string content;
  bool special = true;        // decode may leave it out
  bool normalized = false;    // kept for other programs: without a normalizer it has no effect
  bool in_vocabulary = true;  // model.vocab has it too

  bool operator==(const AddedToken&) const = default;
};

class AddedTokenFinder {
 public:
  explicit AddedTokenFinder(std::vector<AddedToken> added);

  // text(part) for what lies between, token(id) for each token, in order.
  template <class Text, class Token>
  void cut(std::string_view input, Text&& text, Token&& token) const {
    size_t done = 0;
    for (size_t i = 0; i < input.size(); ++i) {
      if (!starts[two_bytes(input, i)]) continue;
      const AddedToken* found = longest_at(input.substr(i));
      if (found == nullptr) continue;
      if (i > done) text(input.substr(done, i - done));
      token(found->id);
      done = i + found->content.size();
      i = done - 1;
    }
    if (done < input.size()) text(input.substr(done));
  }

 private:
  static size_t two_bytes(std::string_view s, size_t i) {  // past the end: a zero
    const auto second = i + 1 < s.size() ? static_cast<unsigned char>(s[i + 1]) : 0u;
    return size_t(static_cast<unsigned char>(s[i])) << 8 | second;
  }
  const AddedToken* longest_at(std::string_view rest) const;

  std::vector<AddedToken> longest_first;
  std::bitset<1 << 16> starts;  // the first two bytes of some token: one look usually decides
};

}  // namespace seekling
