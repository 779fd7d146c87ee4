#include "ops/per_head.h"

#include "gradcheck.h"

namespace seekling {

TEST(PerHead, GradientMatchesFiniteDifferences) {
  Rng rng(15);
  const Tensor x = Tensor::randn({2, 3, 2, 4}, rng), W = strided({2, 4 * 5}, rng), c = Tensor::randn({2, 3, 2, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(per_head(x, W, 4), c); }, {x, W}), gradient_tolerance());
}

TEST(PerHeadT, GradientMatchesFiniteDifferences) {
  Rng rng(16);
  const Tensor x = Tensor::randn({2, 3, 2, 5}, rng), W = strided({2, 4 * 5}, rng), c = Tensor::randn({2, 3, 2, 4}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(per_head_t(x, W, 4), c); }, {x, W}), gradient_tolerance());
}

TEST(PerHeadT, IsTheTransposeOfPerHead) {
  Rng rng(17);
  const Tensor x = Tensor::randn({1, 1, 2, 4}, rng), y = Tensor::randn({1, 1, 2, 5}, rng),
               W = Tensor::randn({2, 20}, rng);
  EXPECT_NEAR(dot(per_head(x, W, 4), y).item(), dot(x, per_head_t(y, W, 4)).item(), 1e-4);
}

}  // namespace seekling
