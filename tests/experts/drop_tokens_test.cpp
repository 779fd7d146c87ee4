#include "experts/drop_tokens.h"

#include "core/check.h"
#include "experts/dispatch.h"
#include "gradcheck.h"

namespace seekling {

namespace {

// Four tokens, one choice each, two devices of one expert: three choose the first,
// and a budget of 1 has room for two.
Routing crowded() {
  const real s[] = {real(0.9), real(0.1), real(0.6), real(0.4),
                    real(0.7), real(0.3), real(0.2), real(0.8)};
  return {Tensor::of({4, 2}, s), Tensor({4, 1}), {0, 0, 0, 1}, {3, 1}};
}

}  // namespace

TEST(DropTokens, DropsTheLowestAffinitiesOfADeviceOverItsBudget) {
  // Budget 2: 0.6 goes.
  EXPECT_EQ(dropped_choices(crowded(), 2, 1, {}), (std::vector<char>{0, 1, 0, 0}));
  // Budget 1: 0.7 goes, too.
  EXPECT_EQ(dropped_choices(crowded(), 2, 0.5, {}), (std::vector<char>{0, 1, 1, 0}));
  EXPECT_EQ(dropped_choices(crowded(), 2, 1.5, {}), (std::vector<char>{}));  // budget 3
  EXPECT_EQ(dropped_choices(crowded(), 1, 1, {}), (std::vector<char>{}));    // one device has all
}

TEST(DropTokens, LeavesTheSequencesThatAreKeptAlone) {
  // Tokens 0 and 1 stay.
  EXPECT_EQ(dropped_choices(crowded(), 2, 1, {1, 0}), (std::vector<char>{0, 0, 1, 0}));
  // All stay, whatever the budget.
  EXPECT_EQ(dropped_choices(crowded(), 2, 0.5, {1, 1}), (std::vector<char>{}));
  EXPECT_ERROR(dropped_choices(crowded(), 2, 1, {1, 0, 0}),
               "dropped_choices: 4 tokens are not 3 sequences of equal length");
}

TEST(DropTokens, OfEqualAffinitiesTheEarlierTokenGoes) {
  const real s[] = {1, 0, 1, 0, 1, 0, 0, 1};
  const Routing r{Tensor::of({4, 2}, s), Tensor({4, 1}), {0, 0, 0, 1}, {3, 1}};
  EXPECT_EQ(dropped_choices(r, 2, 1, {}), (std::vector<char>{1, 0, 0, 0}));
}

TEST(DropTokens, ADroppedChoiceContributesNothingAndGetsNoGradient) {
  Rng rng(62);
  const Routing r{Tensor(), Tensor::randn({4, 2}, rng), {0, 2, 0, 3, 2, 3, 0, 2}, {3, 0, 3, 2}};
  const std::vector<char> dropped{0, 1, 0, 0, 1, 1, 0, 0};  // token 2 loses both
  const Plan plan(r, dropped);
  EXPECT_EQ(plan.begin.values(), (std::vector<std::int32_t>{0, 3, 3, 4, 5}));
  EXPECT_EQ(plan.row.values(), (std::vector<std::int32_t>{0, -1, 1, 4, -1, -1, 2, 3}));
  const Tensor x = Tensor::randn({4, 3}, rng), W = Tensor::randn({4, 5, 3}, rng),
               c = Tensor::randn({4, 5}, rng);
  const auto y = [&](const Plan& p) {
    return combine(grouped_linear(dispatch(x, p), W, p), r.g, p);
  };
  Tensor without{{4, 2}};  // the same gates with 0 for what is dropped
  for (Index i = 0; i < 8; ++i) without.data()[i] = dropped[size_t(i)] ? 0 : r.g.data()[i];
  const Plan whole(r);
  const Tensor expected = combine(grouped_linear(dispatch(x, whole), W, whole), without, whole);
  EXPECT_LT((y(plan).view().matrix() - expected.view().matrix()).cwiseAbs().maxCoeff(), 1e-5);
  EXPECT_EQ(y(plan).view().row(2).norm(), 0);
  EXPECT_LT(max_gradient_error([&] { return dot(y(plan), c); }, {x, W, r.g}), gradient_tolerance());
  EXPECT_EQ(r.g.grad().data()[1], 0);
}

}  // namespace seekling
