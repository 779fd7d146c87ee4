#include "sparse/half_rope.h"

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

TEST(HalfRope, TurnsDimensionJTogetherWithTheOneHalfWayFromIt) {
  const Rotary rotary = Rotary::plain(4, 10000);  // two pairs: (0,2) and (1,3)
  const Tensor x = Tensor::zeros({1, 2, 1, 6});
  x.view()(1, 0) = 1, x.view()(1, 5) = 7;
  const Tensor y = rope_halves(x, 2, rotary);  // the second token stands at position 3
  EXPECT_NEAR(y.view()(1, 0), std::cos(3.0), 1e-6);
  EXPECT_NEAR(y.view()(1, 2), std::sin(3.0), 1e-6);
  EXPECT_EQ(y.view()(1, 1), 0);
  EXPECT_EQ(y.view()(1, 5), 7) << "a dimension without an angle stays";
}

TEST(HalfRope, IsTheInterleavedFormWithTheDimensionsInAnotherOrder) {
  Rng rng(4);
  const Rotary rotary = Rotary::plain(8, 100);
  const Tensor x = Tensor::randn({2, 5, 3, 8}, rng), other = Tensor::like(x);
  for (Index row = 0; row < x.rows(); ++row)
    for (Index j = 0; j < 4; ++j) {
      other.view()(row, 2 * j) = x.view()(row, j);
      other.view()(row, 2 * j + 1) = x.view()(row, j + 4);
    }
  const Tensor y = rope_halves(x, 11, rotary), z = rope(other, Index(11), rotary);
  for (Index row = 0; row < x.rows(); ++row)
    for (Index j = 0; j < 4; ++j) {
      EXPECT_NEAR(y.view()(row, j), z.view()(row, 2 * j), 1e-6);
      EXPECT_NEAR(y.view()(row, j + 4), z.view()(row, 2 * j + 1), 1e-6);
    }
}

TEST(HalfRope, PositionsOfAStepGiveTheSame) {
  Rng rng(5);
  const Rotary rotary = Rotary::plain(4, 100);
  const Tensor x = Tensor::randn({1, 3, 2, 6}, rng);
  const Angles angles({90, 7, 8, 9}, rotary);
  EXPECT_TRUE(rope_halves(x, {angles, 1}, rotary).view().matrix() ==
              rope_halves(x, 7, rotary).view().matrix());
}

TEST(HalfRope, GradientMatchesFiniteDifferences) {
  Rng rng(6);
  Rotary rotary = Rotary::plain(4, 100);
  rotary.factor = 1.3;
  const Tensor x = strided({2, 3, 2, 7}, rng), c = Tensor::randn({2, 3, 2, 7}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(rope_halves(x, 2, rotary), c); }, {x}),
            gradient_tolerance());
}

}  // namespace seekling
