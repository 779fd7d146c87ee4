#include "optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/check.h"

namespace seekling {

TEST(Schedule, WarmsUpLinearlyToTheRate) {
  const Schedule schedule{.lr = 0.4, .warmup_steps = 4, .steps = 100};
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 1), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 2), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 4), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 5), 0.4);
}

TEST(Schedule, DropsAfter60And90PercentAsDeepSeekV2) {
  const Schedule schedule{.lr = 2.4e-4, .warmup_steps = 2, .steps = 10};
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 6), 2.4e-4);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 7), 2.4e-4 * 0.316);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 9), 2.4e-4 * 0.316);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 10), 2.4e-4 * 0.316 * 0.316);
}

TEST(Schedule, DropsAfter80And90PercentAsDeepSeekV2Lite) {
  const Schedule schedule{.lr = 1, .steps = 1000, .drop_at = {0.8, 0.9}};
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 1), 1);  // no warm-up
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 800), 1);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 801), 0.316);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 901), 0.316 * 0.316);
}

TEST(Schedule, FollowsACosineToItsFloor) {
  const Schedule schedule{.kind = "cosine", .lr = 2, .warmup_steps = 10, .steps = 50, .floor = 0.1};
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 10), 2);
  // cos 45° is √0.5.
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 20), 2 * (0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2));
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 30), 2 * 0.55);  // half-way
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 50), 2 * 0.1);
}

TEST(Schedule, StaysConstantIfToldTo) {
  const Schedule schedule{.kind = "constant", .lr = 3, .warmup_steps = 2, .steps = 9};
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 1), 1.5);
  for (Index step = 2; step <= 9; ++step) EXPECT_DOUBLE_EQ(learning_rate(schedule, step), 3);
}

TEST(Schedule, NamesTheKindsItKnows) {
  try {
    learning_rate({.kind = "linear"}, 1);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "--schedule: found \"linear\", expected step, cosine or constant");
  }
}

}  // namespace seekling
