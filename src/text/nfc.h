// Unicode's normal form C: of characters that look the same the composed one, é for e and ´.
// The Unicode Standard, §3.11; its tables are those of Hugging Face's tokenizers library.
#pragma once

#include <string>
#include <string_view>

namespace seekling {

std::string nfc(std::string_view text);  // malformed bytes stay, and text on both sides of them

}  // namespace seekling
