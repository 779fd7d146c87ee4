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
  head_cross_entropy(h, W, all, rows);
  EXPECT_NEAR(head_cross_entropy(h, W, some).item(), (rows[0] + rows[2]) / 2, 1e-6);
}

TEST(HeadCrossEntropy, GradientMatchesFiniteDifferences) {
  Rng rng(24);
  const Tensor h = strided({2, 3, 4}, rng), W = Tensor::randn({5, 4}, rng);
  const std::int32_t targets[] = {1, kIgnored, 4, 0, 0, 2};
  EXPECT_LT(max_gradient_error([&] { return head_cross_entropy(h, W, targets); }, {h, W}),
            gradient_tolerance());
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

}  // namespace seekling
