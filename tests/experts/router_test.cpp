#include "experts/router.h"

#include <cmath>

#include "core/check.h"
#include "experts/spread_logits.h"
#include "gradcheck.h"
#include "ops/add.h"
#include "row_bits.h"
#include "twins.h"

namespace seekling {

TEST(Route, TakesTheLargestAfterASoftmaxOverAllExperts) {
  // s = 1/8, 3/8, 2/8, 2/8
  const real logits[] = {0, std::log(real(3)), std::log(real(2)), std::log(real(2))};
  const Routing r = route(Tensor::of({1, 4}, logits), {}, {.K = 2, .routed_scaling_factor = 4});
  EXPECT_EQ(r.experts.values(), (std::vector<std::int32_t>{1, 2}));  // tie: the lower index
  EXPECT_NEAR(r.g.data()[0], 1.5, 1e-6);  // not renormalised: gates do not add up to the factor
  EXPECT_NEAR(r.g.data()[1], 1.0, 1e-6);
  EXPECT_EQ(r.load.values(), (std::vector<std::int32_t>{0, 1, 1, 0}));
}

TEST(Route, TheBitsOfARowAreItsOwn) {
  Rng rng(4);
  for (const Affinity affinity : {Affinity::kSoftmax, Affinity::kSigmoid})
    for (const Index E : {3, 21, 100}) {
      const auto affinities = [&](const Tensor& logits) {
        return route(logits, {}, {.K = 2, .affinity = affinity}).s;
      };
      expect_rows_alone(affinities, Tensor::randn({7, E}, rng, 3));
    }
}

TEST(Route, ABiasChoosesButDoesNotWeigh) {
  const real logits[] = {2, 1, 0}, bias[] = {-9, 0, 9};
  const Routing r = route(Tensor::of({1, 3}, logits), Tensor::of({3}, bias),
                          {.K = 1, .affinity = Affinity::kSigmoid});
  EXPECT_EQ(r.experts[0], 2);
  EXPECT_NEAR(r.g.data()[0], 0.5, 1e-6);  // sigmoid(0), without the 9
}

TEST(Route, GroupsAreKeptByTheirBestOrByTheirTwoBest) {
  const real logits[] = {5, -5, 3, 3};  // group 0 has the best expert, group 1 the better pair
  const Tensor x = Tensor::of({1, 4}, logits);
  EXPECT_EQ(route(x, {}, {.K = 1, .n_group = 2, .topk_group = 1}).experts[0], 0);
  const RouterOptions v3{.K = 1,
                         .affinity = Affinity::kSigmoid,
                         .n_group = 2,
                         .topk_group = 1,
                         .group_score = GroupScore::kSumOfBestTwo};
  EXPECT_EQ(route(x, {}, v3).experts[0], 2);
}

static void expect_gradient(const RouterOptions& options) {
  Rng rng(18);
  const Tensor x = spread_logits(6, 7), cs = Tensor::randn({6, 7}, rng),
               cg = Tensor::randn({6, options.K}, rng);
  const auto f = [&] {
    const Routing r = route(x, {}, options);
    return add(dot(r.s, cs), dot(r.g, cg));
  };
  EXPECT_LT(max_gradient_error(f, {x}), gradient_tolerance());
}

TEST(Route, GradientMatchesFiniteDifferencesForSoftmax) {
  expect_gradient({.K = 3, .routed_scaling_factor = 2});
}

TEST(Route, GradientMatchesFiniteDifferencesForNormalisedSigmoid) {
  expect_gradient({.K = 3,
                   .affinity = Affinity::kSigmoid,
                   .gate = Gate::kNormalised,
                   .routed_scaling_factor = real(2.5)});
}

TEST(RouteTwins, MakeTheSameChoices) {
  Rng rng(19);
  const Tensor x = Tensor::randn({5, 40}, rng), bias = Tensor::randn({40}, rng);
  x.view()(0, 3) = x.view()(0, 1);
  const RouterOptions v2{.K = 7, .n_group = 4, .topk_group = 2, .routed_scaling_factor = real(2.5)};
  RouterOptions v3 = v2;
  v3.affinity = Affinity::kSigmoid, v3.group_score = GroupScore::kSumOfBestTwo,
  v3.gate = Gate::kNormalised;
  for (const auto& [options, b_or_none] : {std::pair(v2, Tensor()), {v3, bias}}) {
    const RouterOptions o = options;
    const Tensor b = b_or_none;
    const Routing cpu = route(x, b, o), cuda = route(x.to(Device::kCuda), b.to(Device::kCuda), o);
    EXPECT_EQ(cpu.experts.values(), cuda.experts.values());
    EXPECT_EQ(cpu.load.values(), cuda.load.values());
    expect_twins(
        [&](const std::vector<Tensor>& in) {
          const Routing r = route(in[0], b.to(in[0].device()), o);
          return std::vector<Tensor>{r.s, r.g};
        },
        {x});
  }
}

}  // namespace seekling
