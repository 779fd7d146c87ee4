#include "ops/add.h"

#include "core/check.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

TEST(Add, GradientMatchesFiniteDifferences) {
  Rng rng(3);
  const Tensor a = strided({3, 5}, rng), b = Tensor::randn({3, 5}, rng),
               c = Tensor::randn({3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(add(add(a, b), a), c); }, {a, b}),
            gradient_tolerance());
}

TEST(Add, NamesBothShapesWhenTheyDisagree) {
  EXPECT_ERROR(add(Tensor::zeros({2}), Tensor::zeros({3})),
               "add: shapes [2] and [3] must be equal");
}

TEST(AddTwins, AgreeOnWholePacksAndOnWindows) {
  Rng rng(61);
  const auto sum = [](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{add(add(in[0], in[1]), in[0])};
  };
  expect_twins(sum, {Tensor::randn({70, 24}, rng), Tensor::randn({70, 24}, rng)});
  expect_twins(
      [&](const std::vector<Tensor>& in) {
        return sum({in[0].columns(1, 7), in[1].columns(2, 7)});
      },
      {Tensor::randn({3, 9}, rng), Tensor::randn({3, 10}, rng)});
}

}  // namespace seekling
