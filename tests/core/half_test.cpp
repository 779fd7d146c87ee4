#include "core/half.h"

#include <gtest/gtest.h>

namespace seekling {

TEST(Half, EveryNumberComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto h = std::uint16_t(bits);
    EXPECT_TRUE(std::isnan(from_half(h)) || to_half(from_half(h)) == h) << bits;
    EXPECT_TRUE(std::isnan(from_bf16(h)) || to_bf16(from_bf16(h)) == h) << bits;
  }
}

TEST(Half, RoundsToTheNearestAndTiesToTheEven) {
  EXPECT_EQ(to_bf16(1.0f + 0x1p-8f), to_bf16(1.0f));               // half way: the even one
  EXPECT_EQ(from_bf16(to_bf16(1.0f + 3 * 0x1p-8f)), 1 + 0x1p-6f);  // half way: even is upwards
  EXPECT_EQ(from_bf16(to_bf16(1.0f + 0x1.1p-8f)), 1 + 0x1p-7f);
  EXPECT_EQ(from_half(to_half(1.0f + 0x1p-11f)), 1.0f);
  EXPECT_EQ(from_half(to_half(1.0f + 3 * 0x1p-11f)), 1 + 0x1p-9f);
  EXPECT_EQ(from_half(to_half(0x1.8p-24f)), 0x1p-23f);    // between subnormals
  EXPECT_EQ(from_half(to_half(0x1.FFFp-15f)), 0x1p-14f);  // up into the normal ones
}

TEST(Half, KnowsInfinityAndNaN) {
  EXPECT_TRUE(std::isinf(from_half(to_half(1e6f))));
  EXPECT_EQ(from_half(to_half(65504.0f)), 65504.0f);
  EXPECT_EQ(from_half(to_half(65519.0f)), 65504.0f);
  EXPECT_TRUE(std::isnan(from_half(to_half(NAN))));
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(NAN))));
  // The payload is in the lower half.
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::bit_cast<float>(0x7F800001u)))));
}

TEST(Half, ReadsE4m3) {
  EXPECT_EQ(from_e4m3(0x38), 1);
  EXPECT_EQ(from_e4m3(0x7E), 448);      // the largest
  EXPECT_EQ(from_e4m3(0x01), 0x1p-9f);  // the smallest subnormal
  EXPECT_EQ(from_e4m3(0x08), 0x1p-6f);  // the smallest normal
  EXPECT_EQ(from_e4m3(0xC4), -3);
  EXPECT_TRUE(std::isnan(from_e4m3(0x7F)));
}

TEST(Half, ANumberBecomesTheNearestCodeOfE4M3) {
  for (int code = 0; code < 256; ++code) {
    const float x = from_e4m3(std::uint8_t(code));
    if (std::isnan(x)) continue;
    EXPECT_EQ(int(to_e4m3(x)), code) << x;
  }
  EXPECT_EQ(to_e4m3(0.3f), 0x2A);     // 0.3125
  EXPECT_EQ(to_e4m3(1.0625f), 0x38);  // ties go to the even code
  EXPECT_EQ(to_e4m3(1.1875f), 0x3A);
  EXPECT_EQ(to_e4m3(0x1p-10f), 0x00);
  EXPECT_EQ(to_e4m3(0.0146f), 0x07);
  EXPECT_EQ(to_e4m3(1.96875f), 0x40);  // carries into the exponent
  EXPECT_EQ(to_e4m3(1e9f), 0x7E);
  EXPECT_EQ(to_e4m3(-1e9f), 0xFE);
}

}  // namespace seekling
