// Documents of random words and, of some, changed copies: words inserted, deleted and replaced, and
// runs of words moved. The share of changed words is drawn uniformly, so the copies resemble their
// originals from wholly to hardly.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/rng.h"

namespace seekling {

struct PlantedPair {
  Index original = 0, copy = 0;  // documents
};

struct PlantedCorpus {
  std::vector<std::string> documents;
  std::vector<PlantedPair> pairs;
};

namespace planted {

inline std::string random_word(Rng& rng) {  // of 4000, the first ones often
  const double u = rng.uniform();
  return "w" + std::to_string(Index(4000 * u * u));
}

inline std::vector<std::string> random_words(Rng& rng) {
  std::vector<std::string> words;
  for (Index n = 60 + rng.below(400); n > 0; --n) words.push_back(random_word(rng));
  return words;
}

inline void move_run(std::vector<std::string>& words, Rng& rng) {
  const Index n = Index(words.size()), length = n / 8;
  const auto from = words.begin() + rng.below(n - 2 * length),
             to = from + length + rng.below(words.end() - from - 2 * length + 1);
  std::rotate(from, from + length, to + length);
}

inline std::vector<std::string> changed(const std::vector<std::string>& words, Rng& rng) {
  const double share = 0.08 * rng.uniform();
  std::vector<std::string> copy;
  for (const std::string& word : words) {
    const Index kind = rng.uniform() < share ? rng.below(3) : 3;  // insert, delete, replace
    if (kind == 0 || kind == 2) copy.push_back(random_word(rng));
    if (kind == 0 || kind == 3) copy.push_back(word);
  }
  if (rng.uniform() < 0.2) move_run(copy, rng);
  return copy;
}

inline std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

}  // namespace planted

inline PlantedCorpus planted_corpus(Index originals, std::uint64_t seed) {
  Rng rng(seed);
  PlantedCorpus corpus;
  for (Index i = 0; i < originals; ++i) {
    const auto words = planted::random_words(rng);
    const Index original = Index(corpus.documents.size());
    corpus.documents.push_back(planted::joined(words));
    if (rng.uniform() < 0.5) continue;
    corpus.documents.push_back(planted::joined(planted::changed(words, rng)));
    corpus.pairs.push_back({original, original + 1});
  }
  return corpus;
}

}  // namespace seekling
