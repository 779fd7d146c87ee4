#include "ops/layer_norm.h"

#include "core/check.h"
#include "gradcheck.h"
#include "row_bits.h"

namespace seekling {

TEST(LayerNorm, SubtractsTheMeanAndDividesByTheStandardDeviation) {
  const real x[] = {1, 3, 5, 7}, g[] = {1, 2, 1, 1}, b[] = {0, 0, 0, 10};  // mean 4, variance 5
  const Tensor y =
      layer_norm(Tensor::of({1, 4}, x), Tensor::of({4}, g), Tensor::of({4}, b), real(0));
  EXPECT_NEAR(y.data()[0], -3 / std::sqrt(5.0), 1e-6);
  EXPECT_NEAR(y.data()[1], -2 / std::sqrt(5.0), 1e-6);
  EXPECT_NEAR(y.data()[3], 10 + 3 / std::sqrt(5.0), 1e-6);
}

TEST(LayerNorm, TheBitsOfARowAreItsOwn) {
  Rng rng(3);
  const Tensor g = Tensor::randn({23}, rng), b = Tensor::randn({23}, rng);
  expect_rows_alone([&](const Tensor& x) { return layer_norm(x, g, b, real(1e-6)); },
                    Tensor::randn({7, 23}, rng));
}

TEST(LayerNorm, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  const Tensor x = strided({2, 3, 5}, rng), g = Tensor::randn({5}, rng),
               b = Tensor::randn({5}, rng), c = Tensor::randn({2, 3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(layer_norm(x, g, b, real(1e-6)), c); }, {x, g, b}),
            gradient_tolerance());
}

TEST(LayerNorm, NamesTheShapesWhenTheyDisagree) {
  EXPECT_ERROR(layer_norm(Tensor({2, 8}), Tensor({8}), Tensor({5}), 0),
               "layer_norm: gain [8] and bias [5] must match the last dimension of x [2, 8]");
}

}  // namespace seekling
