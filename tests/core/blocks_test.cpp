#include "core/blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/half.h"
#include "core/rng.h"

namespace seekling {

TEST(Blocks, AreGgmlsToTheBit) {
  std::vector<float> x(32);
  for (int i = 0; i < 32; ++i) x[size_t(i)] = float(i - 16);
  const BlockInt8 eight = to_int8(x.data(), 32);
  EXPECT_EQ(eight.d, to_half(16.0f / 127));
  EXPECT_EQ(int(eight.q[0]), -127);
  EXPECT_EQ(int(eight.q[16]), 0);
  EXPECT_EQ(int(eight.q[31]), 119);  // 15 · 127 / 16 = 119.06
  const BlockInt4 four = to_int4(x.data(), 32);
  EXPECT_EQ(four.d, to_half(2.0f));
  EXPECT_EQ(int(four.q[0]), 0 | 8 << 4);    // -16 -> 0, 0 -> 8
  EXPECT_EQ(int(four.q[15]), 8 | 15 << 4);  // -1 / 2 + 8.5 is cut to 8; 15 -> 7.5, to 8, cut to 15
}

TEST(Blocks, AreReadBackWithinHalfAStepAndFilledUpWithZeros) {
  Rng rng(1);
  std::vector<float> x(32, 0), eight(32, -1), four(32, -1);
  for (int i = 0; i < 20; ++i) x[size_t(i)] = float(rng.normal());
  float largest = 0;
  for (const float v : x) largest = std::fabs(v) > std::fabs(largest) ? v : largest;
  from_block(eight.data(), to_int8(x.data(), 20));
  from_block(four.data(), to_int4(x.data(), 20));
  double moved = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const double amax = std::fabs(double(largest));
    EXPECT_NEAR(eight[i], x[i], amax / 254 + amax * 0x1p-11) << i;
    EXPECT_NEAR(four[i], x[i], amax / (x[i] * largest < 0 ? 8 : 16) + amax * 0x1p-11) << i;
    moved = std::max(moved, std::fabs(double(four[i] - x[i])) / amax);
    if (i < 20) continue;
    EXPECT_EQ(eight[i], 0);
    EXPECT_EQ(four[i], 0);
  }
  EXPECT_GT(moved, 0.02);  // a bound that nothing comes near says nothing
  float two[3] = {9, 9, 9};
  from_block(two, to_int8(x.data(), 20), 2);
  EXPECT_EQ(two[2], 9);  // only what was asked for is written
}

}  // namespace seekling
