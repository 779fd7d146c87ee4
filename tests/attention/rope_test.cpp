#include "attention/rope.h"

#include <numbers>

#include "core/check.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

TEST(Rope, TurnsAdjacentPairsByPositionTimesTheta) {
  Rotary quarter{{std::numbers::pi / 2, 0}};
  const real x[] = {1, 2, 3, 4};
  const Tensor y = rope(Tensor::of({1, 1, 1, 4}, x), /*start=*/1, quarter);
  const double expected[] = {-2, 1, 3, 4};  // (1, 2) turned by 90 degrees, (3, 4) not at all
  for (Index i = 0; i < 4; ++i) EXPECT_NEAR(y.data()[i], expected[i], 1e-6);
}

TEST(Rope, DotProductsKnowOnlyTheDistance) {
  Rng rng(5);
  const Rotary rotary = Rotary::plain(8, 10000);
  const Tensor q = Tensor::randn({1, 1, 1, 8}, rng), k = Tensor::randn({1, 1, 1, 8}, rng);
  const auto score = [&](Index p, Index s) {
    return rope(q, p, rotary).view().vector().dot(rope(k, s, rotary).view().vector());
  };
  EXPECT_NEAR(score(7, 3), score(104, 100), 1e-4);
  EXPECT_GT(std::abs(score(7, 3) - score(7, 4)), 1e-3);
}

TEST(Rope, GradientMatchesFiniteDifferences) {
  Rng rng(6);
  const Rotary rotary{{1, 0.3, 0.01}, 1.3};
  const Tensor x = strided({2, 3, 2, 6}, rng), c = Tensor::randn({2, 3, 2, 6}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(rope(x, 4, rotary), c); }, {x}),
            gradient_tolerance());
}

TEST(Rope, RefusesAWidthItHasNoAnglesFor) {
  EXPECT_ERROR(rope(Tensor::zeros({1, 2, 3, 6}), 0, Rotary::plain(8, 10000)),
               "rope: x [1, 2, 3, 6] must be [B, T, H, 8]");
}

TEST(RopeTwins, AgreeOnWholePacksAndOnWindows) {
  Rng rng(65);
  const Rotary rotary = {{1, 0.3, 0.01}, 1.3};
  expect_twins(
      [&](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{rope(in[0], 4, Rotary::plain(64, 10000)),
                                   rope(in[0], 9, Rotary::plain(64, 500))};
      },
      {Tensor::randn({2, 3, 5, 64}, rng)});
  expect_twins(
      [&](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{rope(in[0].columns(3, 6), 4, rotary)};
      },
      {Tensor::randn({2, 3, 2, 11}, rng)});
}

}  // namespace seekling
