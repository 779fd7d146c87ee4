#include "attention/per_head.h"

#include "gradcheck.h"
#include "twins.h"

namespace seekling {

TEST(PerHead, GradientMatchesFiniteDifferences) {
  Rng rng(15);
  const Tensor x = Tensor::randn({2, 3, 2, 4}, rng), W = strided({2, 4 * 5}, rng),
               c = Tensor::randn({2, 3, 2, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(per_head(x, W, 4), c); }, {x, W}),
            gradient_tolerance());
}

TEST(PerHeadT, GradientMatchesFiniteDifferences) {
  Rng rng(16);
  const Tensor x = Tensor::randn({2, 3, 2, 5}, rng), W = strided({2, 4 * 5}, rng),
               c = Tensor::randn({2, 3, 2, 4}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(per_head_t(x, W, 4), c); }, {x, W}),
            gradient_tolerance());
}

TEST(PerHeadT, IsTheTransposeOfPerHead) {
  Rng rng(17);
  const Tensor x = Tensor::randn({1, 1, 2, 4}, rng), y = Tensor::randn({1, 1, 2, 5}, rng),
               W = Tensor::randn({2, 20}, rng);
  EXPECT_NEAR(dot(per_head(x, W, 4), y).item(), dot(x, per_head_t(y, W, 4)).item(), 1e-4);
}

TEST(PerHeadTwins, AgreeBothWays) {
  Rng rng(66);
  expect_twins(
      [](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{per_head(in[0], in[2].columns(3, 20), 4),
                                   per_head_t(in[1], in[2].columns(3, 20), 4)};
      },
      {Tensor::randn({2, 3, 2, 4}, rng), Tensor::randn({2, 3, 2, 5}, rng),
       Tensor::randn({2, 25}, rng)});
}

}  // namespace seekling
