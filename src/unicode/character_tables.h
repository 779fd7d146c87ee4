// The tables of unicode_tables.inc, which unicode_tables.py makes: characters as the pinned
// tokenizers library sees them, so that ids do not depend on the machine's libraries.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace seekling {

struct CharacterRange {
  char32_t first, last;

  bool operator==(const CharacterRange&) const = default;
};

using CharacterRanges = std::vector<CharacterRange>;  // in order, no two overlap

inline constexpr char32_t kLastCodePoint = 0x10FFFF;

CharacterRanges in_order(CharacterRanges ranges);            // of any ranges
CharacterRanges complement(const CharacterRanges& members);  // all other code points

struct CategoryRun {  // code points of one general category
  std::string_view name;
  CharacterRange range;
};
const std::vector<CategoryRun>& category_runs();  // of all code points, in order

std::string_view unicode_version();  // "16.0.0"

// The code points of a general category, Lu, or of a class of them, L. Empty for another name.
CharacterRanges category(std::string_view name);

const CharacterRanges& white_space();  // White_Space of the Unicode Character Database

// The numbers of tokenizer.json's Digits besides \p{N}, as the inside of a class.
std::string_view more_digits();

// Canonical decompositions, without Hangul's.
const std::unordered_map<char32_t, std::u32string>& decompositions();
// The code points that NFC composes, each after those that its parts begin with.
const std::vector<char32_t>& composed();
int combining_class(char32_t c);

}  // namespace seekling
