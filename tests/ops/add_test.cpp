#include "ops/add.h"

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

TEST(Add, GradientMatchesFiniteDifferences) {
  Rng rng(3);
  const Tensor a = strided({3, 5}, rng), b = Tensor::randn({3, 5}, rng), c = Tensor::randn({3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(add(add(a, b), a), c); }, {a, b}), gradient_tolerance());
}

TEST(Add, NamesBothShapesWhenTheyDisagree) {
  EXPECT_ERROR(add(Tensor::zeros({2}), Tensor::zeros({3})), "add: shapes [2] and [3] must be equal");
}

}  // namespace seekling
