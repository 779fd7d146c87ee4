#include "repeats/characters.h"

#include <algorithm>
#include <iterator>

#include "unicode/character_tables.h"

namespace seekling {

bool in_script_without_blanks(char32_t c) {
  static constexpr CharacterRange kRanges[] = {
      {0x0E00, 0x0EFF}, {0x1000, 0x109F},  {0x1780, 0x17FF},  // Thai and Lao, Burmese, Khmer
      {0x3005, 0x3007}, {0x3040, 0x30FF},  {0x31F0, 0x31FF},  // kana
      {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},  {0xF900, 0xFAFF},  // Han
      {0xFF66, 0xFF9F}, {0x20000, 0x3FFFF}};
  return std::ranges::any_of(kRanges,
                             [&](CharacterRange r) { return r.first <= c && c <= r.last; });
}

const std::vector<std::uint8_t>& character_kinds() {
  static const std::vector<std::uint8_t> all = [] {
    std::vector<std::uint8_t> kinds(0x110000, kBetweenWords);
    for (const CategoryRun& run : category_runs())
      if (run.name[0] == 'L' || run.name[0] == 'N' || run.name[0] == 'M')
        for (char32_t c = run.range.first; c <= run.range.last; ++c)
          kinds[c] = in_script_without_blanks(c) ? kWholeWord : kOfWord;
    return kinds;
  }();
  return all;
}

}  // namespace seekling
