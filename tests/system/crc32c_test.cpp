#include "system/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace seekling {

TEST(Crc32c, IsThatOfTheStandard) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);              // the check value of CRC-32C
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);    // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);  // likewise
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += char(i);
  EXPECT_EQ(crc32c(rising), 0x46DD794Eu);  // likewise
}

TEST(Crc32c, DiffersForEveryFlippedBit) {
  std::string bytes = "twenty-one bytes long";
  const std::uint32_t sound = crc32c(bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = char(bytes[i] ^ (1 << bit));
      EXPECT_NE(crc32c(bytes), sound) << i << " " << bit;
      bytes[i] = char(bytes[i] ^ (1 << bit));
    }
}

}  // namespace seekling
