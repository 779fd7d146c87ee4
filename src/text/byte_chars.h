// GPT-2's printable stand-ins for the 256 bytes, in which tokenizer.json writes tokens:
// bytes 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves (as U+0021 ... U+00FF), the other
// 68, in order, for U+0100 ... U+0143. A blank is Ġ.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace seekling {

std::string printable(std::string_view bytes);

// The inverse; nothing if a character stands for no byte, as the bars of <｜User｜>.
std::optional<std::string> bytes_of_printable(std::string_view text);

// The 256 bytes in the order of their stand-ins' code points, in which Hugging
// Face's trainer numbers them.
std::array<unsigned char, 256> bytes_by_printable();

}  // namespace seekling
