#include "clean/repair.h"

#include <algorithm>
#include <iterator>

#include "repeats/characters.h"
#include "text/nfc.h"
#include "unicode/unicode.h"

namespace seekling {

namespace {

// The characters of the bytes 0x80 to 0x9F in Windows-1252; 0: the byte has none.
constexpr char32_t kWindows1252[] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// The byte that Windows-1252, or Latin-1 where that has none, reads as c; 0 if it is not a byte
// from 0x80 on.
unsigned char byte_of(char32_t c) {
  if (c >= 0x80 && c <= 0xFF) return static_cast<unsigned char>(c);
  const auto found = std::find(std::begin(kWindows1252), std::end(kWindows1252), c);
  const bool is_byte = c != 0 && found != std::end(kWindows1252);
  return is_byte ? static_cast<unsigned char>(0x80 + (found - std::begin(kWindows1252))) : 0;
}

// The character whose UTF-8 bytes were read as the characters at text[i], and moves i past these;
// empty if they are no such bytes.
std::string misread_character(std::string_view text, std::size_t& i) {
  std::size_t at = i;
  std::string bytes;
  while (at < text.size() && bytes.size() < 4) {
    const unsigned char byte = byte_of(next_character(text, at));
    if (byte == 0) break;
    bytes += char(byte);
    const Utf8Unit unit = next_utf8(bytes);
    if (unit.kind == Utf8Unit::kMalformed) break;
    if (unit.kind == Utf8Unit::kCut) continue;
    i = at;
    return bytes;
  }
  return "";
}

bool is_unwanted(char32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0) || c == 0xAD ||
         c == 0x200B || c == 0xFEFF;
}

}  // namespace

Repairs& Repairs::operator+=(const Repairs& other) {
  mojibake += other.mojibake, controls += other.controls;
  line_breaks += other.line_breaks, composed += other.composed;
  return *this;
}

std::string repaired(std::string_view text, Repairs& repairs) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    const auto first = static_cast<unsigned char>(text[i]);
    if (first >= 0x80) {
      if (const std::string meant = misread_character(text, i); !meant.empty()) {
        out += meant;
        ++repairs.mojibake;
        continue;
      }
    }
    const char32_t c = next_character(text, i);
    if (c == '\r') {
      if (i == text.size() || text[i] != '\n') out += '\n';
      ++repairs.line_breaks;
    } else if (is_unwanted(c)) {
      ++repairs.controls;
    } else {
      out += text.substr(begin, i - begin);
    }
  }
  std::string composed = nfc(out);
  repairs.composed += composed != out;
  return composed;
}

}  // namespace seekling
