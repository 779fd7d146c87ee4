// Unicode normal form C: equivalent characters in composed form, é for e and ´. The Unicode
// Standard, §3.11, with the tables of Hugging Face's tokenizers library.
#pragma once

#include <string>
#include <string_view>

namespace seekling {

std::string nfc(std::string_view text);  // malformed bytes stay, and separate the texts around them

}  // namespace seekling
