// Masks of characters: bit i says whether a character is in the i-th of up to 32 sets. A table of
// two levels, in which equal pages are kept once: most of Unicode's pages are equal.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "unicode/character_tables.h"

namespace seekling {

using CharacterMask = std::uint32_t;

class CharacterMasks {
 public:
  static constexpr size_t kMostSets = 32;

  explicit CharacterMasks(const std::vector<CharacterRanges>& sets);  // at most kMostSets

  struct Character {
    CharacterMask mask;
    int length;  // in bytes
  };

  // The character at `p`, in UTF-8 without malformed sequences.
  Character at(const char* p) const {
    const auto byte = [p](int i) { return char32_t(static_cast<unsigned char>(p[i])); };
    const auto more = [&](int i) { return byte(i) & 0x3F; };
    const char32_t lead = byte(0);
    if (lead < 0x80) return {ascii[lead], 1};
    if (lead < 0xE0) return {of((lead & 0x1F) << 6 | more(1)), 2};
    if (lead < 0xF0) return {of((lead & 0x0F) << 12 | more(1) << 6 | more(2)), 3};
    return {of((lead & 0x07) << 18 | more(1) << 12 | more(2) << 6 | more(3)), 4};
  }

 private:
  static constexpr int kPageBits = 7;
  static constexpr size_t kPage = size_t(1) << kPageBits;

  CharacterMask of(char32_t c) const {
    return masks[size_t(page_of[c >> kPageBits]) << kPageBits | (c & (kPage - 1))];
  }

  std::array<CharacterMask, kPage> ascii;  // the first page again, where no index is needed
  std::vector<std::uint16_t> page_of;
  std::vector<CharacterMask> masks;
};

}  // namespace seekling
