// UTF-8, for a program that must survive bytes that are not UTF-8.
//
// A malformed sequence is cut as Rust's from_utf8_lossy and the Unicode Standard
// (§3.9, "maximal subparts") do it: the longest start of a well-formed character, or else one byte.
// Each shows as one U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "core/real.h"

namespace seekling {

struct Utf8Unit {
  enum Kind { kCharacter, kMalformed, kCut };  // kCut: the text ends inside a character
  Kind kind;
  Index length;  // bytes; at least 1
};

Utf8Unit next_utf8(std::string_view text);  // the unit at the front; text is not empty

bool byte_is_never_in_utf8(unsigned char byte);  // C0, C1, F5 ... FF
Index valid_utf8_prefix(std::string_view text);  // bytes before the first malformed sequence
Index malformed_prefix(std::string_view text);   // bytes before the first character: malformed
Index count_malformed(std::string_view text);    // how many U+FFFD utf8_lossy would put in

// Bytes of Unicode's White_Space at the front and at the end of well-formed text.
Index white_space_prefix(std::string_view text);
Index white_space_suffix(std::string_view text);

char32_t code_point(std::string_view text);  // of the well-formed character at its front
void append_utf8(std::string& out, char32_t c);

std::string utf8_lossy(std::string_view text);  // every malformed sequence replaced by U+FFFD

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace seekling
