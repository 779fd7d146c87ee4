// UTF-8 by the table of well-formed byte sequences: The Unicode Standard, §3.9, table 3-7.
#include "unicode/unicode.h"

#include <cstdint>
#include <cstring>

namespace seekling {

namespace {

struct Lead {  // what a first byte promises: its length, and the range of its second byte
  Index length;
  unsigned char low, high;
};

Lead lead(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};  // a continuation byte, or the overlong C0 and C1
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};  // below: overlong
  if (byte == 0xED) return {3, 0x80, 0x9F};  // above: surrogates
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};  // below: overlong
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};  // above: beyond U+10FFFF
  return {0, 0, 0};
}

Index ascii_prefix(std::string_view text) {  // 8 bytes at a time: ASCII comes in long runs
  size_t i = 0;
  for (std::uint64_t word; i + 8 <= text.size(); i += 8) {
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080u) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return Index(i);
}

}  // namespace

Utf8Unit next_utf8(std::string_view text) {
  const auto [length, low, high] = lead(static_cast<unsigned char>(text[0]));
  if (length == 0) return {Utf8Unit::kMalformed, 1};
  for (Index i = 1; i < length; ++i) {
    if (i == Index(text.size())) return {Utf8Unit::kCut, i};
    const auto byte = static_cast<unsigned char>(text[size_t(i)]);
    const bool fits = i == 1 ? low <= byte && byte <= high : (byte & 0xC0) == 0x80;
    if (!fits) return {Utf8Unit::kMalformed, i};
  }
  return {Utf8Unit::kCharacter, length};
}

bool byte_is_never_in_utf8(unsigned char byte) {
  return byte == 0xC0 || byte == 0xC1 || byte > 0xF4;
}

Index valid_utf8_prefix(std::string_view text) {
  Index i = 0;
  while (i < Index(text.size())) {
    i += ascii_prefix(text.substr(size_t(i)));
    if (i == Index(text.size())) break;
    const Utf8Unit unit = next_utf8(text.substr(size_t(i)));
    if (unit.kind != Utf8Unit::kCharacter) break;
    i += unit.length;
  }
  return i;
}

Index malformed_prefix(std::string_view text) {
  Index i = 0;
  while (i < Index(text.size())) {
    const Utf8Unit unit = next_utf8(text.substr(size_t(i)));
    if (unit.kind == Utf8Unit::kCharacter) break;
    i += unit.length;
  }
  return i;
}

Index count_malformed(std::string_view text) {
  Index count = 0;
  for (size_t i = 0; (i += size_t(valid_utf8_prefix(text.substr(i)))) < text.size(); ++count)
    i += size_t(next_utf8(text.substr(i)).length);
  return count;
}

namespace {

bool is_white_space(std::string_view character) {
  if (character.size() == 1) return character == " " || (character >= "\t" && character <= "\r");
  if (character.size() == 2) return character == "\u0085" || character == "\u00a0";
  return (character >= "\u2000" && character <= "\u200a") || character == "\u1680" ||
         character == "\u2028" || character == "\u2029" || character == "\u202f" ||
         character == "\u205f" || character == "\u3000";
}

}  // namespace

Index white_space_prefix(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto length = size_t(next_utf8(text.substr(i)).length);
    if (!is_white_space(text.substr(i, length))) break;
    i += length;
  }
  return Index(i);
}

Index white_space_suffix(std::string_view text) {
  size_t begin = text.size();
  for (size_t i = begin; i > 0;) {
    --i;
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;  // inside a character
    if (!is_white_space(text.substr(i, begin - i))) break;
    begin = i;
  }
  return Index(text.size() - begin);
}

char32_t code_point(std::string_view text) {
  const auto byte = [&](Index i) { return char32_t(static_cast<unsigned char>(text[size_t(i)])); };
  const Index n = next_utf8(text).length;
  char32_t c = n == 1 ? byte(0) : byte(0) & (0x3F >> (n - 1));
  for (Index i = 1; i < n; ++i) c = c << 6 | (byte(i) & 0x3F);
  return c;
}

void append_utf8(std::string& out, char32_t c) {
  const int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;  // continuation bytes
  constexpr unsigned char kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += char(kLead[more] | (c >> (6 * more)));
  for (int i = more; i-- > 0;) out += char(0x80 | ((c >> (6 * i)) & 0x3F));
}

std::string utf8_lossy(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto valid = size_t(valid_utf8_prefix(text));
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) break;
    out += kReplacement;
    text.remove_prefix(size_t(next_utf8(text).length));
  }
  return out;
}

}  // namespace seekling
