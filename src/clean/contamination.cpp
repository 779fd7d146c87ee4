#include "clean/contamination.h"

#include <algorithm>

#include "core/check.h"  // Error, which a starter of chapter 18 throws
#include "repeats/words.h"

namespace seekling {

bool EvaluationSet::add(std::string_view question, const std::string& place) {
  const auto words = word_hashes(question);
  if (Index(words.size()) < kLeastWords) return false;
  const Index n = std::min(kWords, Index(words.size()));
  for (const std::uint64_t ngram : ngram_hashes(words, n))
    questions[n].emplace(ngram, places.size());
  places.push_back(place);
  return true;
}

std::optional<std::string> EvaluationSet::found_in(std::string_view text) const {
  const auto words = word_hashes(text);
  for (Index n = kLeastWords; n <= std::min(kWords, Index(words.size())); ++n) {
    if (questions[n].empty()) continue;
    for (const std::uint64_t ngram : ngram_hashes(words, n))
      if (const auto at = questions[n].find(ngram); at != questions[n].end())
        return places[at->second];
  }
  return std::nullopt;
}

}  // namespace seekling
