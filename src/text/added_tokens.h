// Tokens that are matched literally before any other processing: <｜User｜> is one token wherever it
// occurs. Matching takes the leftmost token, and of several that start there the longest.
#pragma once

#include <algorithm>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/bpe.h"

namespace seekling {

struct AddedToken {  // an entry of tokenizer.json's added_tokens
  TokenId id;
  std::string content;
  bool special = true;        // decode may omit it
  bool normalized = false;    // matched in the normalized text, after those that are not
  bool in_vocabulary = true;  // model.vocab has it too
  bool lstrip = false;        // includes the white space before it
  bool rstrip = false;        // includes the white space after it

  bool operator==(const AddedToken&) const = default;
};

class AddedTokenFinder {
 public:
  explicit AddedTokenFinder(std::vector<AddedToken> added);

  // Calls text(part) for the text between the tokens and token(id) for each token, in order.
  template <class Text, class Token>
  void cut(std::string_view input, Text&& text, Token&& token) const {
    if (longest_first.empty()) return text(input);
    size_t done = 0;
    for (size_t i = 0; i < input.size(); ++i) {
      if (only_first) i = std::min(input.find(*only_first, i), input.size());
      if (i == input.size()) break;
      if (!starts[two_bytes(input, i)]) continue;
      const AddedToken* found = longest_at(input.substr(i));
      if (found == nullptr) continue;
      const auto [begin, end] = with_white_space(*found, input, i);
      if (begin > done) text(input.substr(done, begin - done));
      token(found->id);
      done = end;
      i += found->content.size() - 1;
    }
    if (done < input.size()) text(input.substr(done));
  }

 private:
  static size_t two_bytes(std::string_view s, size_t i) {  // past the end: a zero
    const auto second = i + 1 < s.size() ? static_cast<unsigned char>(s[i + 1]) : 0u;
    return size_t(static_cast<unsigned char>(s[i])) << 8 | second;
  }
  const AddedToken* longest_at(std::string_view rest) const;
  static std::pair<size_t, size_t> with_white_space(const AddedToken& token, std::string_view input,
                                                    size_t at);

  std::vector<AddedToken> longest_first;
  std::optional<char> only_first;  // the first byte of all tokens if equal, such as DeepSeek's <
  std::bitset<1 << 16> starts;     // the first two bytes of any token: one test usually decides
};

}  // namespace seekling
