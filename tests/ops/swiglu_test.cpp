#include "ops/swiglu.h"

#include "core/check.h"
#include "gradcheck.h"
#include "row_bits.h"
#include "twins.h"

namespace seekling {

TEST(Swiglu, GatesTheSecondHalfByTheFirst) {
  const real x[] = {0, 2, 5, 3};
  const Tensor y = swiglu(Tensor::of({1, 4}, x));
  EXPECT_EQ(y.data()[0], 0);
  EXPECT_NEAR(y.data()[1], 2 / (1 + std::exp(-2.0)) * 3, 1e-6);
}

TEST(Swiglu, StaysFiniteForLargeInputs) {
  const real x[] = {-200, 200, 1, 1};
  const Tensor y = swiglu(Tensor::of({1, 4}, x));
  EXPECT_NEAR(y.data()[0], 0, 1e-6);
  EXPECT_NEAR(y.data()[1], 200, 1e-3);
}

TEST(Swiglu, TheBitsOfARowAreItsOwn) {
  Rng rng(8);
  for (const Index width : {1, 5, 23, 300})
    expect_rows_alone(swiglu, Tensor::randn({7, 2 * width}, rng, 3));
}

TEST(Swiglu, GradientMatchesFiniteDifferences) {
  Rng rng(7);
  const Tensor x = strided({3, 10}, rng), c = Tensor::randn({3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(swiglu(x), c); }, {x}), gradient_tolerance());
}

TEST(SwigluTwins, AgreeOnWholePacksAndOnWindows) {
  Rng rng(67);
  expect_twins(
      [](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{swiglu(in[0]), swiglu(in[0])};
      },
      {Tensor::randn({30, 48}, rng, 3)});
  expect_twins(
      [](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{swiglu(in[0].columns(1, 10))};
      },
      {Tensor::randn({5, 13}, rng, 30)});
}

}  // namespace seekling
