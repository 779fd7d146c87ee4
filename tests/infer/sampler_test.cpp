#include "infer/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

static std::vector<int> draws(const Sampling& s, int n) {
  const real logits[] = {0, std::log(real(2)), std::log(real(5)), 0};  // 1/9, 2/9, 5/9, 1/9
  std::vector<int> counts(4, 0);
  Rng rng(s.seed);
  for (int i = 0; i < n; ++i) ++counts[size_t(sample(logits, s, rng))];
  return counts;
}

TEST(Sample, TemperatureZeroTakesTheMostLikely) {
  EXPECT_EQ(draws({}, 10), (std::vector<int>{0, 0, 10, 0}));
}

TEST(Sample, FollowsTheSoftmax) {
  const int n = 9000;
  const std::vector<int> found = draws({.temperature = 1}, n);
  const double expected[] = {n / 9.0, n * 2 / 9.0, n * 5 / 9.0, n / 9.0};
  double chi2 = 0;
  for (size_t i = 0; i < 4; ++i)
    chi2 += (found[i] - expected[i]) * (found[i] - expected[i]) / expected[i];
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

TEST(Sample, MinPCutsWhatIsFarLessLikelyThanTheLikeliest) {
  const std::vector<int> found = draws({.temperature = 1, .min_p = 0.3}, 500);  // 2/5 stay, 1/5 go
  EXPECT_EQ(found[0] + found[3], 0);
  EXPECT_GT(found[1], 0);
  EXPECT_EQ(draws({.temperature = 1, .min_p = 1}, 50)[2], 50);
}

TEST(Sample, ARepetitionPenaltyTakesFromWhatWasMet) {
  const real logits[] = {2, real(1.5), -1, -1};
  const std::int32_t history[] = {0, 2, 0};
  Rng rng(1);
  const Sampling greedy{.repetition_penalty = 1.5};  // 2 / 1.5 < 1.5
  EXPECT_EQ(sample(logits, greedy, rng, history), 1);
  EXPECT_EQ(sample(logits, greedy, rng), 0);
  const std::vector<double> p =
      probabilities(logits, {.temperature = 1, .repetition_penalty = 1.5}, history);
  EXPECT_NEAR(p[2] / p[3], std::exp(-0.5), 1e-12);  // below zero it multiplies
  EXPECT_NEAR(p[0] / p[1], std::exp(2 / 1.5 - 1.5), 1e-12);
}

TEST(Sample, ProbabilitiesSumToOneAndEqualOnesGoToTheLowerId) {
  const real logits[] = {0, 1, 1, -3};
  for (const Sampling& s :
       {Sampling{}, Sampling{.temperature = 0.7}, Sampling{.temperature = 2, .top_k = 1},
        Sampling{.temperature = 1, .top_p = 0.3, .min_p = 0.1}}) {
    const std::vector<double> p = probabilities(logits, s);
    EXPECT_NEAR(p[0] + p[1] + p[2] + p[3], 1, 1e-12);
    EXPECT_GE(p[1], p[2]);
  }
  EXPECT_EQ(probabilities(logits, {.temperature = 2, .top_k = 1})[1], 1);
  EXPECT_EQ(probabilities(logits, {})[1], 1);
}

TEST(AcceptOrResample, TheTokenIsDistributedByPWhateverQIs) {
  const double p[] = {0.5, 0.3, 0.2, 0};
  const std::vector<std::vector<double>> guessers{
      {0.5, 0.3, 0.2, 0}, {0, 0.1, 0.6, 0.3}, {0, 0, 0, 1}, {0.25, 0.25, 0.25, 0.25}};
  for (const std::vector<double>& q : guessers) {
    Rng rng(9);
    const int draws = 40000;
    double counts[4] = {}, accepted = 0, overlap = 0;
    for (int i = 0; i < draws; ++i) {
      const GuessOutcome outcome = accept_or_resample(p, q, draw(q, rng), rng);
      ++counts[outcome.id], accepted += outcome.accepted;
    }
    double chi2 = 0;
    for (int x = 0; x < 3; ++x) chi2 += std::pow(counts[x] - draws * p[x], 2) / (draws * p[x]);
    for (int x = 0; x < 4; ++x) overlap += std::min(p[x], q[size_t(x)]);
    EXPECT_LT(chi2, 13.8);  // two degrees of freedom: p of 0.001
    EXPECT_EQ(counts[3], 0);
    EXPECT_NEAR(accepted / draws, overlap, 0.01);  // Σ min(p, q)
  }
}

TEST(Sample, RefusesSettingsThatMakeNoSense) {
  EXPECT_THROW(check_sampling({.temperature = -1}), Error);
  EXPECT_THROW(check_sampling({.top_p = 0}), Error);
  EXPECT_ERROR(check_sampling({.min_p = 2}), "--min-p: found 2, expected a number from 0 to 1");
  EXPECT_ERROR(check_sampling({.repetition_penalty = 0}),
               "--repetition-penalty: found 0, expected a number above 0 (1 changes nothing)");
}

}  // namespace seekling
