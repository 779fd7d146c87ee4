// Finding literal tokens. DeepSeek-V3 has 818, nearly all placeholders that start
// with the same two characters.
#include "text/added_tokens.h"

#include <algorithm>

#include "unicode/unicode.h"

namespace seekling {

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> added)
    : longest_first(std::move(added)) {
  std::stable_sort(longest_first.begin(), longest_first.end(), [](const auto& a, const auto& b) {
    return a.content.size() > b.content.size();
  });
  const auto has_first = [&](const AddedToken& token) {
    return token.content[0] == longest_first[0].content[0];
  };
  if (std::all_of(longest_first.begin(), longest_first.end(), has_first) && !longest_first.empty())
    only_first = longest_first[0].content[0];
  for (const AddedToken& token : longest_first) {
    const size_t first = two_bytes(token.content, 0);
    if (token.content.size() > 1) starts.set(first);
    for (size_t second = 0; token.content.size() == 1 && second < 256; ++second)
      starts.set((first & 0xFF00) | second);
  }
}

const AddedToken* AddedTokenFinder::longest_at(std::string_view rest) const {
  for (const AddedToken& token : longest_first)
    if (rest.starts_with(token.content)) return &token;
  return nullptr;
}

std::pair<size_t, size_t> AddedTokenFinder::with_white_space(const AddedToken& token,
                                                             std::string_view input, size_t at) {
  size_t begin = at, end = at + token.content.size();
  if (token.lstrip) begin -= size_t(white_space_suffix(input.substr(0, at)));
  if (token.rstrip) end += size_t(white_space_prefix(input.substr(end)));
  return {begin, end};
}

}  // namespace seekling
