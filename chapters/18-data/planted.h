// Texts with known copies: tales of the toy world, and each again with some of its words replaced.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "core/rng.h"
#include "repeats/minhash.h"
#include "toy/world.h"

namespace seekling {

struct PlantedPair {
  std::string original, copy;
  double jaccard;
};

inline std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// With each word replaced by another of the text at this probability.
inline std::string changed(const std::string& text, double probability, Rng& rng) {
  const auto words = words_of(text);
  std::string copy;
  for (const std::string& word : words)
    copy +=
        (rng.uniform() < probability ? words[std::size_t(rng.below(Index(words.size())))] : word) +
        " ";
  return copy;
}

// Four English tales are a text, of 250 words or so; up to one word in seven is replaced.
inline std::vector<PlantedPair> planted_pairs(Index n, std::uint64_t seed) {
  const ToyWorld world = make_toy_world({.seed = seed,
                                         .documents = 12 * n,
                                         .heldout_documents = 0,
                                         .questions_per_kind = 0,
                                         .languages = {"en"}});
  Rng rng(seed);
  std::vector<PlantedPair> pairs;
  std::string text;
  Index tales = 0;
  for (const Document& d : world.train) {
    if (d.kind != "tale" && d.kind != "story") continue;
    text += d.text + "\n";
    if (++tales % 4 != 0) continue;
    const std::string copy = changed(text, 0.14 * rng.uniform(), rng);
    pairs.push_back({text, copy, jaccard(shingles_of(text), shingles_of(copy))});
    text.clear();
    if (Index(pairs.size()) == n) break;
  }
  return pairs;
}

}  // namespace seekling
