// The characters of a text, and which of them make words.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace seekling {

// The character at text[i]; moves i to the next one. The text is well-formed UTF-8.
inline char32_t next_character(std::string_view text, std::size_t& i) {
  const auto byte = [&] {
    return i < text.size() ? char32_t(static_cast<unsigned char>(text[i++])) : 0x80;
  };
  const char32_t lead = byte();
  if (lead < 0xC0) return lead;
  const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  char32_t c = lead & (0x3Fu >> more);
  for (int k = 0; k < more; ++k) c = c << 6 | (byte() & 0x3F);
  return c <= 0x10FFFF ? c : 0xFFFD;
}

enum CharacterKind : std::uint8_t {
  kBetweenWords,
  kOfWord,     // a letter, digit or mark: a run of them is a word
  kWholeWord,  // the same in a script that puts no blanks between words
};
const std::vector<std::uint8_t>& character_kinds();  // by code point

// Han, kana, Thai, Lao, Khmer, Burmese.
bool in_script_without_blanks(char32_t c);

inline bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace seekling
