// A CRC is the remainder of the bytes, read as a polynomial over {0, 1} whose lowest power
// comes last, divided by a fixed one: Castagnoli's for CRC-32C (RFC 3720, 12.1), 0x1EDC6F41,
// here with its bits reversed, as bytes are read low bit first. A table holds the remainder
// of each single byte, so that division goes a byte at a time. With eight tables, for a byte and
// 0 to 7 zeros after it, it goes eight bytes at a time (Kounavis & Berry 2005).
#include "system/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

namespace seekling {

static_assert(std::endian::native == std::endian::little, "eight bytes are read as one number");

using Table = std::array<std::uint32_t, 256>;

static constexpr std::array<Table, 8> remainders() {
  std::array<Table, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1) ^ (remainder & 1 ? 0x82F63B78u : 0);
    tables[0][byte] = remainder;
  }
  for (std::size_t zeros = 1; zeros < 8; ++zeros)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[zeros - 1][byte];
      tables[zeros][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  return tables;
}

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<Table, 8> kTables = remainders();
  std::uint32_t crc = 0xFFFFFFFF;  // inverted before and after, so that zeros at the ends count
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t eight;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    eight ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(eight >> (8 * i)) & 0xFF];
  }
  for (const char byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ std::uint8_t(byte)) & 0xFF];
  return ~crc;
}

}  // namespace seekling
