#include "ops/rms_norm.h"

#include "core/check.h"
#include "gradcheck.h"
#include "row_bits.h"
#include "twins.h"

namespace seekling {

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  const real x[] = {3, 4}, g[] = {1, 2};  // mean square 12.5
  const Tensor y = rms_norm(Tensor::of({1, 2}, x), Tensor::of({2}, g), 0);
  EXPECT_NEAR(y.data()[0], 3 / std::sqrt(12.5), 1e-6);
  EXPECT_NEAR(y.data()[1], 8 / std::sqrt(12.5), 1e-6);
}

TEST(RmsNorm, TheBitsOfARowAreItsOwn) {
  Rng rng(3);
  for (const Index width : {1, 5, 23, 300}) {
    const Tensor gain = Tensor::randn({width}, rng);
    const auto norm = [&](const Tensor& x) { return rms_norm(x, gain, real(1e-6)); };
    expect_rows_alone(norm, Tensor::randn({7, width}, rng));
  }
}

TEST(RmsNorm, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  const Tensor x = strided({2, 3, 5}, rng), g = Tensor::randn({5}, rng),
               c = Tensor::randn({2, 3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(rms_norm(x, g, real(1e-6)), c); }, {x, g}),
            gradient_tolerance());
}

TEST(RmsNorm, NamesBothShapesWhenTheyDisagree) {
  EXPECT_ERROR(rms_norm(Tensor({2, 3, 8}), Tensor({5}), 0),
               "rms_norm: gain [5] must match the last dimension of x [2, 3, 8]");
}

TEST(RmsNormTwins, AgreeOnWholePacksAndOnWindows) {
  Rng rng(64);
  const auto norm = [](const Tensor& x, const Tensor& gain) {
    return rms_norm(x, gain, real(1e-6));
  };
  for (const Shape& shape : {Shape{3, 40, 8}, Shape{9, 1400}, Shape{1, 5}}) {
    expect_twins(
        [&](const std::vector<Tensor>& in) {  // x is used twice: one gradient is stored, one added
          return std::vector<Tensor>{norm(in[0], in[1]), norm(in[0], in[1])};
        },
        {Tensor::randn(shape, rng), Tensor::randn({shape.back()}, rng)});
  }
  expect_twins(
      [&](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{norm(in[0].columns(2, 7), in[1])};
      },
      {Tensor::randn({20, 10}, rng), Tensor::randn({7}, rng)});
}

}  // namespace seekling
