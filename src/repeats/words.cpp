// Hashes: FNV-1a (Fowler, Noll & Vo) over characters, then the mixer of SplitMix64 (Steele, Lea &
// Flood 2014), because the high bits of FNV depend on few bytes of a short word.
// n-grams: the polynomial hash of Karp & Rabin 1987 modulo 2^64, which moves from one n-gram to the
// next in constant time:
//   H(i) = Σ_j w(i+j) P^(n-1-j)      H(i+1) = (H(i) - w(i) P^(n-1)) P + w(i+n)
#include "repeats/words.h"

#include <algorithm>

#include "repeats/characters.h"

namespace seekling {

namespace {

constexpr std::uint64_t kFnvBasis = 0xCBF29CE484222325, kFnvPrime = 0x100000001B3;
constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15;  // odd, with bits all over

char32_t small_letter(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) ||
      (c >= 0x410 && c <= 0x42F))
    return c + 32;
  return c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

template <class Visit>
void for_each_word(std::string_view text, const Visit& visit) {  // its hash, and where it begins
  const std::vector<std::uint8_t>& kinds = character_kinds();
  std::uint64_t hash = kFnvBasis;
  std::size_t begin = 0;
  const auto end_word = [&] {
    if (hash != kFnvBasis) visit(hash, begin);
    hash = kFnvBasis;
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t at = i;
    const char32_t c = next_character(text, i);
    const std::uint8_t kind = kinds[c];
    if (kind != kOfWord) end_word();
    if (hash == kFnvBasis) begin = at;
    if (kind != kBetweenWords) hash = (hash ^ small_letter(c)) * kFnvPrime;
    if (kind == kWholeWord) end_word();
  }
  end_word();
}

}  // namespace

std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

std::vector<std::uint64_t> word_hashes(std::string_view text) {
  std::vector<std::uint64_t> words;
  words.reserve(text.size() / 5);
  for_each_word(text, [&](std::uint64_t hash, std::size_t) { words.push_back(mixed(hash)); });
  return words;
}

std::vector<std::uint32_t> word_begins(std::string_view text) {
  std::vector<std::uint32_t> begins;
  for_each_word(text, [&](std::uint64_t, std::size_t at) { begins.push_back(std::uint32_t(at)); });
  return begins;
}

std::vector<std::uint64_t> ngram_hashes(std::span<const std::uint64_t> words, Index n) {
  std::vector<std::uint64_t> ngrams;
  if (words.empty()) return ngrams;
  const std::size_t length = std::min(std::size_t(n), words.size());
  std::uint64_t hash = 0, highest = 1;  // P^(n-1)
  for (std::size_t i = 0; i < length; ++i) {
    hash = hash * kBase + words[i];
    if (i > 0) highest *= kBase;
  }
  ngrams.reserve(words.size() - length + 1);
  ngrams.push_back(mixed(hash));
  for (std::size_t i = length; i < words.size(); ++i) {
    hash = (hash - words[i - length] * highest) * kBase + words[i];
    ngrams.push_back(mixed(hash));
  }
  return ngrams;
}

std::uint64_t text_hash(std::string_view text) {
  std::uint64_t hash = kFnvBasis;
  bool blank_before = false;
  for (const char c : text) {
    if (is_white(c)) {
      blank_before = hash != kFnvBasis;
      continue;
    }
    if (blank_before) hash = (hash ^ ' ') * kFnvPrime;
    blank_before = false;
    hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  }
  return mixed(hash);
}

}  // namespace seekling
