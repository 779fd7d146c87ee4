// CRC-32C, a check sum that finds every flipped bit, byte or run of up to 32 bits.
#pragma once

#include <cstdint>
#include <string_view>

namespace seekling {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace seekling
