#include "report/profile.h"

#include <gtest/gtest.h>

#include "ops/linear.h"

namespace seekling {

namespace {

const Profile::Row& row(const Profile& profile, const std::string& name) {
  for (const Profile::Row& r : profile.rows())
    if (r.name == name) return r;
  static const Profile::Row none;
  return none;
}

void step(Profile& profile, const Tensor& x, const Tensor& W, const Tensor& out) {
  profile.begin_step();
  Tape tape(Tape::Keep::kWhatGradientsNeed, &profile);
  tape.backward(linear(linear(x, W), out).reshape({1}));
  profile.lap("rest");
  profile.end_step();
}

}  // namespace

TEST(Profile, CountsCallsTimeAndTheWorkOfProducts) {
  Rng rng(1);
  const Index in = 512, inner = 1024;
  const Tensor x = Tensor::randn({1, in}, rng), W = Tensor::randn({inner, in}, rng),
               out = Tensor::randn({1, inner}, rng);
  Profile profile;
  for (int i = 0; i < 4; ++i) step(profile, x, W, out);
  EXPECT_EQ(profile.steps(), 3);  // the first is left out
  const Profile::Row& linear = row(profile, "linear");
  EXPECT_EQ(linear.calls, 3 * 2);
  EXPECT_GT(linear.forward, 0);
  EXPECT_GT(linear.backward, 0);
  EXPECT_EQ(linear.forward_flops, 3 * 2 * (in * inner + inner));
  EXPECT_EQ(linear.backward_flops, 2 * linear.forward_flops);
  EXPECT_EQ(row(profile, "rest").calls, 3);
  EXPECT_GT(profile.explained(), 0.95);
  EXPECT_LE(profile.explained(), 1);
}

TEST(Profile, MakesATable) {
  Profile profile;
  EXPECT_EQ(profile.table(), "profile: no step was taken\n");
  profile.begin_step();
  profile.lap("batch");
  profile.end_step();
  const std::string table = profile.table();
  EXPECT_NE(table.find("profile of 1 step, "), table.npos) << table;
  EXPECT_NE(table.find("  batch                    1"), table.npos) << table;
  EXPECT_NE(table.find("of the step\n"), table.npos) << table;
}

}  // namespace seekling
