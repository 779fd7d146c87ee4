#include "ops/linear.h"

#include "core/check.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

TEST(Linear, MultipliesByTheTransposedWeight) {
  const real x[] = {1, 2}, w[] = {1, 0, 0, 1, 3, 4};
  const Tensor y = linear(Tensor::of({1, 2}, x), Tensor::of({3, 2}, w));
  EXPECT_EQ(y.shape(), Shape({1, 3}));
  EXPECT_EQ(y.data()[0], 1);
  EXPECT_EQ(y.data()[1], 2);
  EXPECT_EQ(y.data()[2], 11);
}

TEST(Linear, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  const Tensor x = strided({2, 3, 5}, rng), W = Tensor::randn({7, 5}, rng),
               c = Tensor::randn({2, 3, 7}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(linear(x, W), c); }, {x, W}), gradient_tolerance());
}

TEST(Linear, NamesBothShapesWhenTheyDisagree) {
  EXPECT_ERROR(linear(Tensor::zeros({2, 8}), Tensor::zeros({3, 5})),
               "linear: weight [3, 5] must be [out, in] with in the last dimension of x [2, 8]");
}

TEST(LinearTwins, Agree) {
  Rng rng(68);
  expect_twins(
      [](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{linear(in[0], in[1]), linear(in[0], in[1]),
                                   linear(in[0].columns(1, 3), in[2])};
      },
      {Tensor::randn({2, 3, 5}, rng), Tensor::randn({7, 5}, rng), Tensor::randn({4, 3}, rng)});
}

}  // namespace seekling
