// Byte-pair encoding by its definition: count all pairs, take the best, rewrite every piece.
// With a count of the work.
#pragma once

#include <map>

#include "text/bpe_train.h"

namespace seekling {

struct Learned {
  std::vector<Merge> merges;
  Index all_visits = 0, needed_visits = 0;  // of pairs: in all pieces, in those that changed
};

// `bytes` is a tokenizer without merges. Ids: the 256 bytes in its order, then what merges make.
inline Learned learn(const PieceCounts& pieces, Index merges, const Tokenizer& bytes) {
  std::vector<std::pair<std::vector<TokenId>, Index>> words;
  for (const auto& [piece, count] : pieces.counts()) words.emplace_back(bytes.encode(piece), count);
  Learned out;
  for (TokenId next = 256; next < 256 + merges; ++next) {
    std::map<std::pair<TokenId, TokenId>, Index> counts;  // ordered: of equals the smallest first
    for (const auto& [word, count] : words)
      for (std::size_t i = 0; i + 1 < word.size(); ++i)
        counts[{word[i], word[i + 1]}] += count, ++out.all_visits;
    auto best = counts.begin();
    for (auto pair = counts.begin(); pair != counts.end(); ++pair)
      if (pair->second > best->second) best = pair;
    const auto [left, right] = best->first;
    out.merges.push_back({left, right, next});
    for (auto& [word, count] : words) {
      std::vector<TokenId> merged;
      for (std::size_t i = 0; i < word.size(); ++i) {
        const bool here = word[i] == left && i + 1 < word.size() && word[i + 1] == right;
        merged.push_back(here ? next : word[i]);
        i += here;
      }
      if (merged.size() < word.size()) out.needed_visits += Index(word.size()) - 1;
      word = std::move(merged);
    }
  }
  return out;
}

}  // namespace seekling
