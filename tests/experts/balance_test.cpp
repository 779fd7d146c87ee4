#include "experts/balance.h"

#include "core/check.h"
#include "experts/spread_logits.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

namespace {

// Two tokens of one sequence, four experts on two devices; each row of s sums to 1.
Routing by_hand() {
  const real s[] = {real(0.5), real(0.25), real(0.125), real(0.125),  // chooses 0 and 1: one device
                    real(0.5), real(0.0),  real(0.25),  real(0.25)};  // chooses 0 and 2: both
  return {Tensor::of({2, 4}, s), Tensor({2, 2}), {0, 1, 0, 2}, {2, 1, 1, 0}};
}

real loss_by_hand(const BalanceOptions& options) {
  return balance_loss(by_hand(), 1, options).item();
}

}  // namespace

TEST(BalanceLoss, EqualsThePapersFormulasByHand) {
  // f = E/(K T) hits = 4/4 · (2, 1, 1, 0)   P = (1/2, 1/8, 3/16, 3/16)
  EXPECT_NEAR(loss_by_hand({.expert = 1, .n_group = 2}), 2 * 0.5 + 0.125 + 0.1875, 1e-6);
  // f' = (3/2, 1/2)   P' = (5/8, 3/8)
  EXPECT_NEAR(loss_by_hand({.device = 1, .n_group = 2}), 1.5 * 0.625 + 0.5 * 0.375, 1e-6);
  // f'' = D/(M T) · (2, 1): token 0 goes to device 0 once, though with two choices
  EXPECT_NEAR(loss_by_hand({.communication = 1, .n_group = 2, .topk_group = 2}),
              0.5 * (2 * 0.625 + 1 * 0.375), 1e-6);
  EXPECT_NEAR(loss_by_hand({.communication = 1, .n_group = 2, .topk_group = 1}),
              1.0 * (2 * 0.625 + 1 * 0.375), 1e-6);
}

TEST(BalanceLoss, TheThreeLevelsAddUp) {
  const real sum = loss_by_hand({.expert = 3, .n_group = 2}) +
                   loss_by_hand({.device = 5, .n_group = 2}) +
                   loss_by_hand({.communication = 7, .n_group = 2});
  EXPECT_NEAR(loss_by_hand({.expert = 3, .device = 5, .communication = 7, .n_group = 2}), sum,
              1e-5);
}

TEST(BalanceLoss, GradientOfTheAffinitiesMatchesFiniteDifferences) {
  const Routing r = route(spread_logits(6, 8), {}, {.K = 3, .n_group = 4, .topk_group = 2});
  for (const Affinity affinity : {Affinity::kSoftmax, Affinity::kSigmoid}) {
    const BalanceOptions o{.expert = real(0.7),
                           .device = real(0.3),
                           .communication = real(0.2),
                           .n_group = 4,
                           .topk_group = 2,
                           .affinity = affinity};
    EXPECT_LT(max_gradient_error([&] { return balance_loss(r, 3, o); }, {r.s}),
              gradient_tolerance())
        << int(affinity);
  }
}

TEST(BalanceLoss, GradientOfTheLogitsMatchesFiniteDifferences) {
  const Tensor logits = spread_logits(6, 8);
  for (const auto& [affinity, score] : {std::pair(Affinity::kSoftmax, GroupScore::kBest),
                                        {Affinity::kSigmoid, GroupScore::kSumOfBestTwo}}) {
    const RouterOptions options{
        .K = 3, .affinity = affinity, .n_group = 4, .topk_group = 2, .group_score = score};
    const BalanceOptions o{.expert = real(0.7),
                           .device = real(0.3),
                           .communication = real(0.2),
                           .n_group = 4,
                           .topk_group = 2,
                           .affinity = affinity};
    const auto f = [&] { return balance_loss(route(logits, {}, options), 2, o); };
    EXPECT_LT(max_gradient_error(f, {logits}), gradient_tolerance()) << int(affinity);
  }
}

TEST(BalanceLoss, IsAlphaAtPerfectBalance) {
  const real logits[] = {1, 0, 0, 1};
  const Routing r = route(Tensor::of({2, 2}, logits), {}, {.K = 1});
  EXPECT_NEAR(balance_loss(r, 1, {.expert = real(0.01)}).item(), 0.01, 1e-7);
  EXPECT_NEAR(balance_loss(r, 1, {.device = real(0.05), .n_group = 2}).item(), 0.05, 1e-7);
  EXPECT_NEAR(balance_loss(r, 1, {.communication = real(0.02), .n_group = 2}).item(), 0.02, 1e-7);
}

TEST(BalanceLoss, EverySequenceHasItsOwnCounts) {
  const real logits[] = {9, 0, 0, 9};  // one token each: unbalanced in itself, balanced together
  const Routing r = route(Tensor::of({2, 2}, logits), {}, {.K = 1});
  EXPECT_NEAR(balance_loss(r, 1, {.expert = 1}).item(), 1, 1e-3);
  EXPECT_NEAR(balance_loss(r, 2, {.expert = 1}).item(), 2, 1e-3);
}

TEST(CorrectionBias, MovesTowardsTheMeanBySignAlone) {
  const Tensor bias = Tensor::zeros({4});
  update_correction_bias(bias, {9, 3, 2, 0}, real(0.25));  // mean 3.5
  EXPECT_EQ(std::vector<real>(bias.data(), bias.data() + 4),
            (std::vector<real>{real(-0.25), real(0.25), real(0.25), real(0.25)}));
  update_correction_bias(bias, {5, 5, 5, 5}, real(0.25));  // sign(0) = 0
  EXPECT_EQ(bias.data()[0], real(-0.25));
  EXPECT_ERROR(update_correction_bias(bias, {1, 2}, 1),
               "update_correction_bias: 2 experts have a load, the bias is [4]");
}

TEST(CorrectionBias, EvensOutALoadThatScoresAloneLeaveUneven) {
  Rng rng(61);
  const Tensor logits = Tensor::randn({256, 8}, rng), bias = Tensor::zeros({8});
  for (Index t = 0; t < 256; ++t) logits.view()(t, 3) += 2;  // everyone likes expert 3
  const auto violation = [&] {
    const Routing r = route(logits, bias, {.K = 2, .affinity = Affinity::kSigmoid});
    const double most = double(*std::max_element(r.load.begin(), r.load.end()));
    update_correction_bias(bias, {r.load.begin(), r.load.end()}, real(0.01));
    return most / (256 * 2 / 8.0) - 1;
  };
  EXPECT_GT(violation(), 2);
  for (int step = 0; step < 200; ++step) violation();
  EXPECT_LT(violation(), 0.2);
}

TEST(BalanceTwins, Agree) {
  Rng rng(63);
  const Tensor x = Tensor::randn({6, 8}, rng);
  for (const Affinity affinity : {Affinity::kSoftmax, Affinity::kSigmoid}) {
    const BalanceOptions o{.expert = real(0.7),
                           .device = real(0.3),
                           .communication = real(0.2),
                           .n_group = 4,
                           .topk_group = 2,
                           .affinity = affinity};
    expect_twins(
        [&](const std::vector<Tensor>& in) {
          return std::vector<Tensor>{
              balance_loss(route(in[0], {}, {.K = 3, .n_group = 4, .topk_group = 2}), 2, o)};
        },
        {x});
  }
  const Tensor bias = Tensor::zeros({4}, Device::kCuda);
  update_correction_bias(bias, {9, 3, 2, 0}, real(0.25));
  const Tensor moved = bias.to(Device::kCpu);
  EXPECT_EQ(std::vector<real>(moved.data(), moved.data() + 4),
            (std::vector<real>{real(-0.25), real(0.25), real(0.25), real(0.25)}));
}

}  // namespace seekling
