#include "ops/cross_entropy.h"

#include <cmath>
#include <vector>

#include "core/check.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

TEST(HeadCrossEntropy, IsLogVForEqualLogits) {
  const std::int32_t targets[] = {0, 6};
  EXPECT_NEAR(head_cross_entropy(Tensor::zeros({2, 3}), Tensor::zeros({7, 3}), targets).item(),
              std::log(7.0), 1e-6);
}

TEST(HeadCrossEntropy, MeansOverCountedTargetsAlone) {
  Rng rng(23);
  const Tensor h = Tensor::randn({3, 4}, rng), W = Tensor::randn({5, 4}, rng);
  const std::int32_t all[] = {1, 2, 3}, some[] = {1, kIgnored, 3};
  double rows[3];
  head_cross_entropy(h, W, all, {}, rows);
  EXPECT_NEAR(head_cross_entropy(h, W, some).item(), (rows[0] + rows[2]) / 2, 1e-6);
}

TEST(HeadCrossEntropy, GradientMatchesFiniteDifferences) {
  Rng rng(24);
  const Tensor h = strided({2, 3, 4}, rng), W = Tensor::randn({5, 4}, rng);
  const std::int32_t targets[] = {1, kIgnored, 4, 0, 0, 2};
  EXPECT_LT(max_gradient_error([&] { return head_cross_entropy(h, W, targets); }, {h, W}),
            gradient_tolerance());
}

TEST(HeadCrossEntropy, WeightsMakeAWeightedMeanAndAWeightOfZeroIgnores) {
  Rng rng(28);
  const Tensor h = Tensor::randn({4, 4}, rng), W = Tensor::randn({5, 4}, rng);
  const std::int32_t targets[] = {1, 2, 3, kIgnored};
  const float weights[] = {3, 0, 0.5F, 9};
  double rows[4], weighted[4];
  head_cross_entropy(h, W, targets, {}, rows);
  EXPECT_NEAR(head_cross_entropy(h, W, targets, weights, weighted).item(),
              (3 * rows[0] + 0.5 * rows[2]) / 3.5, 1e-6);
  EXPECT_EQ(weighted[0], rows[0]);
  EXPECT_EQ(weighted[1], 0);
}

TEST(HeadCrossEntropy, WeightsOfOneChangeNoBit) {
  Rng rng(29);
  const Tensor h = Tensor::randn({6, 4}, rng), W = Tensor::randn({5, 4}, rng);
  const std::int32_t targets[] = {1, kIgnored, 4, 0, 0, 2};
  const std::vector<float> ones(6, 1);
  EXPECT_EQ(head_cross_entropy(h, W, targets, ones).item(),
            head_cross_entropy(h, W, targets).item());
}

TEST(HeadCrossEntropy, GradientOfAWeightedMeanMatchesFiniteDifferences) {
  Rng rng(30);
  const Tensor h = strided({2, 3, 4}, rng), W = Tensor::randn({5, 4}, rng);
  const std::int32_t targets[] = {1, kIgnored, 4, 0, 0, 2};
  const float weights[] = {0.3F, 2, 0, 1.5F, 1, 0.01F};
  EXPECT_LT(max_gradient_error([&] { return head_cross_entropy(h, W, targets, weights); }, {h, W}),
            gradient_tolerance());
}

TEST(HeadCrossEntropy, IsZeroIfNothingCounts) {
  const std::int32_t targets[] = {1, kIgnored};
  const float weights[] = {0, 1};
  EXPECT_EQ(
      head_cross_entropy(Tensor::zeros({2, 3}), Tensor::zeros({7, 3}), targets, weights).item(), 0);
}

TEST(HeadCrossEntropy, NamesAWeightThatIsNone) {
  const std::int32_t targets[] = {1, 2};
  const float negative[] = {1, -2}, one[] = {1};
  const Tensor h = Tensor::zeros({2, 3}), W = Tensor::zeros({7, 3});
  EXPECT_ERROR(head_cross_entropy(h, W, targets, negative),
               "head_cross_entropy: the weight of row 1 is -2, expected a finite number of at "
               "least 0");
  EXPECT_ERROR(head_cross_entropy(h, W, targets, one),
               "head_cross_entropy: 1 weights for 2 targets");
}

TEST(HeadCrossEntropy, GradientMatchesFiniteDifferencesAcrossChunks) {  // of 1024 rows
  Rng rng(25);
  const Tensor h = Tensor::randn({1027, 1}, rng), W = Tensor::randn({3, 1}, rng);
  std::vector<std::int32_t> targets(1027);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = std::int32_t(i % 3);
  EXPECT_LT(max_gradient_error([&] { return head_cross_entropy(h, W, targets); }, {h, W}),
            gradient_tolerance());
}

TEST(HeadCrossEntropy, NamesATargetOutsideTheVocabulary) {
  const std::int32_t targets[] = {7};
  EXPECT_ERROR(head_cross_entropy(Tensor::zeros({1, 3}), Tensor::zeros({7, 3}), targets),
               "head_cross_entropy: target 7 is outside the vocabulary of 7");
}

TEST(HeadCrossEntropyTwins, Agree) {
  Rng rng(27);
  std::vector<std::int32_t> targets;
  for (int i = 0; i < 7; ++i) targets.push_back(i == 2 ? kIgnored : std::int32_t(rng.below(300)));
  expect_twins(
      [&](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{head_cross_entropy(in[0], in[1], targets)};
      },
      {Tensor::randn({7, 5}, rng), Tensor::randn({300, 5}, rng)});
}

TEST(HeadCrossEntropyTwins, AgreeOnWeights) {
  Rng rng(31);
  const std::int32_t targets[] = {4, 299, kIgnored, 0, 17};
  const float weights[] = {0.3F, 2, 5, 0, 1};
  expect_twins(
      [&](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{head_cross_entropy(in[0], in[1], targets, weights)};
      },
      {Tensor::randn({5, 5}, rng), Tensor::randn({300, 5}, rng)});
}

}  // namespace seekling
