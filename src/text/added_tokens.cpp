// Finding literal tokens. DeepSeek-V3 has 818, nearly all placeholders that start
// with the same two characters.
#include "text/added_tokens.h"

#include <algorithm>

namespace seekling {

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> added)
    : longest_first(std::move(added)) {
  std::stable_sort(longest_first.begin(), longest_first.end(), [](const auto& a, const auto& b) {
    return a.content.size() > b.content.size();
  });
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

}  // namespace seekling
