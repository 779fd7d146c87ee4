#include "ops/rms_norm.h"

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  const real x[] = {3, 4}, g[] = {1, 2};  // mean square 12.5
  const Tensor y = rms_norm(Tensor::of({1, 2}, x), Tensor::of({2}, g), 0);
  EXPECT_NEAR(y.data()[0], 3 / std::sqrt(12.5), 1e-6);
  EXPECT_NEAR(y.data()[1], 8 / std::sqrt(12.5), 1e-6);
}

TEST(RmsNorm, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  const Tensor x = strided({2, 3, 5}, rng), g = Tensor::randn({5}, rng), c = Tensor::randn({2, 3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(rms_norm(x, g, real(1e-6)), c); }, {x, g}), gradient_tolerance());
}

TEST(RmsNorm, NamesBothShapesWhenTheyDisagree) {
  EXPECT_ERROR(rms_norm(Tensor({2, 3, 8}), Tensor({5}), 0),
               "rms_norm: gain [5] must match the last dimension of x [2, 3, 8]");
}

}  // namespace seekling
