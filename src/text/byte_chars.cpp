// Byte <-> printable character, as in bytes_to_unicode of GPT-2's encoder.py (Radford et al. 2019).
#include "text/byte_chars.h"

#include <algorithm>
#include <numeric>

#include "unicode/unicode.h"

namespace seekling {

namespace {

constexpr int kFirstExtra = 0x100, kExtras = 68;  // code points U+0100 ... U+0143

bool stands_for_itself(int byte) {
  return (0x21 <= byte && byte <= 0x7E) || (0xA1 <= byte && byte <= 0xAC) ||
         (0xAE <= byte && byte <= 0xFF);
}

struct Table {
  std::array<int, 256> point;                     // byte -> code point
  std::array<int, kFirstExtra + kExtras> byte{};  // code point -> byte, or -1

  Table() {
    byte.fill(-1);
    int extra = kFirstExtra;
    for (int b = 0; b < 256; ++b) {
      point[size_t(b)] = stands_for_itself(b) ? b : extra++;
      byte[size_t(point[size_t(b)])] = b;
    }
  }
};

const Table& table() {
  static const Table it;
  return it;
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const int point = table().point[static_cast<unsigned char>(c)];  // below 0x144: 1 or 2 bytes
    if (point >= 0x80) out += char(0xC0 | (point >> 6));
    out += char(point < 0x80 ? point : 0x80 | (point & 0x3F));
  }
  return out;
}

std::optional<std::string> bytes_of_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [kind, length] = next_utf8(text);
    if (kind != Utf8Unit::kCharacter || length > 2) return {};
    const auto first = static_cast<unsigned char>(text[0]);
    const size_t point = length == 1 ? first : size_t((first & 0x1F) << 6 | (text[1] & 0x3F));
    if (point >= table().byte.size() || table().byte[point] < 0) return {};
    out += char(table().byte[point]);
    text.remove_prefix(size_t(length));
  }
  return out;
}

std::array<unsigned char, 256> bytes_by_printable() {
  std::array<unsigned char, 256> bytes;
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
  std::sort(bytes.begin(), bytes.end(),
            [](auto a, auto b) { return table().point[a] < table().point[b]; });
  return bytes;
}

}  // namespace seekling
