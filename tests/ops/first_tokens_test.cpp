#include "ops/first_tokens.h"

#include "core/check.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

TEST(FirstTokens, TakesTheBeginningOfEverySequence) {
  const real numbers[] = {1, 2, 3, 4, 5, 6};  // two sequences of three tokens of one number
  const Tensor y = first_tokens(Tensor::of({2, 3, 1}, numbers), 2);
  EXPECT_EQ(y.shape(), (Shape{2, 2, 1}));
  EXPECT_EQ(std::vector<real>(y.data(), y.data() + 4), (std::vector<real>{1, 2, 4, 5}));
}

TEST(FirstTokens, GradientMatchesFiniteDifferences) {
  Rng rng(60);
  const Tensor x = strided({2, 4, 3}, rng), c = Tensor::randn({2, 3, 3}, rng),
               whole = Tensor::randn({2, 4, 3}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(first_tokens(x, 3), c); }, {x}),
            gradient_tolerance());
  EXPECT_LT(max_gradient_error([&] { return dot(first_tokens(x, 4), whole); }, {x}),
            gradient_tolerance());
}

TEST(FirstTokens, NamesTheShapeThatIsTooShort) {
  EXPECT_ERROR(first_tokens(Tensor({2, 3, 5}), 4),
               "first_tokens: x [2, 3, 5] must be [B, T, D] with T at least 4");
}

TEST(FirstTokensTwins, Agree) {
  Rng rng(63);
  for (const Index D : {8, 5})
    expect_twins(
        [](const std::vector<Tensor>& in) {
          // Two gradients are added.
          return std::vector<Tensor>{first_tokens(in[0], 5), first_tokens(in[0], 2)};
        },
        {Tensor::randn({3, 6, D}, rng)});
}

}  // namespace seekling
