#include "infer/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/check.h"

namespace seekling {

static std::vector<int> draws(const Sampling& s, int n) {
  const real logits[] = {0, std::log(real(2)), std::log(real(5)), 0};  // 1/9, 2/9, 5/9, 1/9
  std::vector<int> counts(4, 0);
  Rng rng(s.seed);
  for (int i = 0; i < n; ++i) ++counts[size_t(sample(logits, s, rng))];
  return counts;
}

TEST(Sample, TemperatureZeroTakesTheMostLikely) { EXPECT_EQ(draws({}, 10), (std::vector<int>{0, 0, 10, 0})); }

TEST(Sample, FollowsTheSoftmax) {
  const int n = 9000;
  const std::vector<int> found = draws({.temperature = 1}, n);
  const double expected[] = {n / 9.0, n * 2 / 9.0, n * 5 / 9.0, n / 9.0};
  double chi2 = 0;
  for (size_t i = 0; i < 4; ++i) chi2 += (found[i] - expected[i]) * (found[i] - expected[i]) / expected[i];
  EXPECT_LT(chi2, 16.3);  // 3 degrees of freedom, p = 0.001
}

TEST(Sample, TopKAndTopPCutTheTail) {
  const std::vector<int> k = draws({.temperature = 1, .top_k = 2}, 500),
                         p = draws({.temperature = 1, .top_p = 0.6}, 500);
  EXPECT_EQ(k[0] + k[3], 0);
  EXPECT_GT(k[1], 0);
  EXPECT_EQ(p[0] + p[3], 0);  // 5/9 < 0.6 <= 7/9
  EXPECT_GT(p[1], 0);
}

TEST(Sample, RefusesSettingsThatMakeNoSense) {
  EXPECT_THROW(check_sampling({.temperature = -1}), Error);
  EXPECT_THROW(check_sampling({.top_p = 0}), Error);
}

}  // namespace seekling
