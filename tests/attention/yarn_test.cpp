#include "attention/yarn.h"

#include <gtest/gtest.h>

#include <cmath>

namespace seekling {

namespace {

// DeepSeek-V2-Lite's and V3's settings: factor 40 over 4096 tokens, 64 rotary dimensions.
Config released(double mscale) {
  Config c;
  c.rope_scaling = RopeScaling{.factor = 40, .mscale = mscale, .mscale_all_dim = mscale};
  return c;
}

}  // namespace

TEST(Yarn, KeepsFastDimensionsAndSlowsTheSlowOnes) {  // the ramp runs from dimension pair 10 to 23
  const Rotary plain = Rotary::plain(64, 10000), yarn = rotary_of(released(1), 64);
  for (std::size_t j = 0; j <= 10; ++j) EXPECT_DOUBLE_EQ(yarn.theta[j], plain.theta[j]);
  for (std::size_t j = 23; j < 32; ++j) EXPECT_DOUBLE_EQ(yarn.theta[j], plain.theta[j] / 40);
  EXPECT_NEAR(yarn.theta[15], plain.theta[15] * (1 - 5.0 / 13 * (1 - 1.0 / 40)), 1e-15);
  EXPECT_DOUBLE_EQ(yarn.factor, 1);
}

TEST(Yarn, SharpensTheSoftmaxByTheSquaredTemperature) {
  EXPECT_NEAR(softmax_scale(released(1), 192), 0.135234, 1e-6);
  EXPECT_NEAR(softmax_scale(released(0.707), 192), 0.114721, 1e-6);
  EXPECT_NEAR(softmax_scale(Config{}, 192), 0.0721688, 1e-6);
}

TEST(Yarn, UnequalTemperaturesScaleTheTurnedPart) {
  Config c = released(1);
  c.rope_scaling->mscale = 0.5;
  EXPECT_NEAR(rotary_of(c, 64).factor, (0.05 * std::log(40) + 1) / (0.1 * std::log(40) + 1), 1e-12);
  c.rope_scaling->mscale_all_dim = 0;
  EXPECT_NEAR(rotary_of(c, 64).factor, 0.1 * std::log(40) + 1, 1e-12);
}

}  // namespace seekling
