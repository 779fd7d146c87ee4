#include "experts/moe.h"

#include "gradcheck.h"
#include "ops/add.h"

namespace seekling {

TEST(Mlp, GradientMatchesFiniteDifferences) {
  Rng rng(34);
  const Mlp mlp(5, 7);
  randomise({mlp.gate_up.weight, mlp.down_proj.weight}, rng);
  const Tensor x = Tensor::randn({2, 3, 5}, rng), c = Tensor::randn({2, 3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(mlp.forward(x), c); },
                               {x, mlp.gate_up.weight, mlp.down_proj.weight}),
            gradient_tolerance());
}

TEST(MoE, GradientMatchesFiniteDifferencesBalanceLossIncluded) {
  Config config;
  config.hidden_size = 6, config.moe_intermediate_size = 5, config.n_routed_experts = 5,
  config.num_experts_per_tok = 2;
  config.n_shared_experts = 2, config.aux_loss_alpha = 0.5;
  const RouterOptions v2{.K = 2}, v3{.K = 2,
                                     .affinity = Affinity::kSigmoid,
                                     .choice = Choice::kBiasedAffinity,
                                     .gate = Gate::kNormalised,
                                     .routed_scaling_factor = real(2.5)};
  for (const RouterOptions& router : {v2, v3}) {
    Rng rng(35);
    const MoE moe(config, router);
    std::vector<Tensor> inputs{moe.gate.weight, moe.experts_gate_up.weight, moe.experts_down.weight,
                               moe.shared_experts.gate_up.weight,
                               moe.shared_experts.down_proj.weight};
    randomise(inputs, rng);
    const Tensor x = Tensor::randn({2, 3, 6}, rng), w = Tensor::randn({2, 3, 6}, rng);
    inputs.push_back(x);
    const auto f = [&] {
      Losses losses;
      const Tensor y = moe.forward(x, {}, losses);
      return add(dot(y, w), losses.balance);
    };
    EXPECT_LT(max_gradient_error(f, inputs), gradient_tolerance()) << int(router.affinity);
  }
}

TEST(MoE, GradientMatchesFiniteDifferencesWithDroppedTokensAndAllBalanceLosses) {
  Config c;
  c.hidden_size = 6, c.moe_intermediate_size = 5, c.n_routed_experts = 6, c.num_experts_per_tok = 2,
  c.aux_loss_alpha = 0.5;
  c.n_group = 3, c.topk_group = 2;
  Rng rng(37);
  const MoE moe(c, {.K = 2, .n_group = 3, .topk_group = 2});
  std::vector<Tensor> inputs{moe.gate.weight, moe.experts_gate_up.weight, moe.experts_down.weight};
  randomise(inputs, rng);
  const Tensor x = Tensor::randn({2, 4, 6}, rng), w = Tensor::randn({2, 4, 6}, rng);
  inputs.push_back(x);
  Context context;
  context.device_loss_alpha = real(0.3), context.communication_loss_alpha = real(0.2);
  context.capacity_factor = 0.8;
  const auto f = [&] {
    Losses losses;
    const Tensor y = moe.forward(x, context, losses);
    return add(dot(y, w), losses.balance);
  };
  EXPECT_LT(max_gradient_error(f, inputs), gradient_tolerance());
  Losses losses;
  const Tensor dropped = moe.forward(x, context, losses), whole = moe.forward(x, {}, losses);
  context.keep = {1, 1};
  const Tensor kept = moe.forward(x, context, losses);
  EXPECT_GT((dropped.view().matrix() - whole.view().matrix()).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_EQ((kept.view().matrix() - whole.view().matrix()).cwiseAbs().maxCoeff(), 0);
}

TEST(MoE, LeavesItsRoutingInTheLosses) {
  Config c;
  c.hidden_size = 4, c.n_routed_experts = 6, c.num_experts_per_tok = 2, c.moe_intermediate_size = 3;
  Losses losses;
  MoE(c, {.K = 2}).forward(Tensor::zeros({1, 5, 4}), {}, losses);
  ASSERT_EQ(losses.routings.size(), 1u);
  // Equal scores: the lower indices.
  EXPECT_EQ(losses.routings[0].load.values(), (std::vector<std::int32_t>{5, 5, 0, 0, 0, 0}));
}

}  // namespace seekling
