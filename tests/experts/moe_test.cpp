#include "experts/moe.h"

#include "gradcheck.h"
#include "ops/add.h"

namespace seekling {

TEST(Mlp, GradientMatchesFiniteDifferences) {
  Rng rng(34);
  const Mlp mlp(5, 7);
  randomise({mlp.gate_up, mlp.down_proj.weight}, rng);
  const Tensor x = Tensor::randn({2, 3, 5}, rng), c = Tensor::randn({2, 3, 5}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(mlp.forward(x), c); },
                               {x, mlp.gate_up, mlp.down_proj.weight}),
            gradient_tolerance());
}

TEST(MoE, GradientMatchesFiniteDifferencesBalanceLossIncluded) {
  Config config;
  config.hidden_size = 6, config.moe_intermediate_size = 5, config.n_routed_experts = 5,
  config.num_experts_per_tok = 2;
  config.n_shared_experts = 2, config.aux_loss_alpha = 0.5;
  for (const char* method : {"greedy", "noaux_tc"}) {
    Config c = config;
    c.topk_method = method;
    if (c.topk_method == "noaux_tc")
      c.scoring_func = "sigmoid", c.norm_topk_prob = true, c.routed_scaling_factor = 2.5;
    Rng rng(35);
    const MoE moe(c);
    std::vector<Tensor> inputs{moe.gate.weight, moe.experts_gate_up, moe.experts_down,
                               moe.shared_experts.gate_up, moe.shared_experts.down_proj.weight};
    randomise(inputs, rng);
    const Tensor x = Tensor::randn({2, 3, 6}, rng), w = Tensor::randn({2, 3, 6}, rng);
    inputs.push_back(x);
    const auto f = [&] {
      Pass pass;
      const Tensor y = moe.forward(x, pass);
      return add(dot(y, w), pass.balance_loss);
    };
    EXPECT_LT(max_gradient_error(f, inputs), gradient_tolerance()) << method;
  }
}

TEST(MoE, GradientMatchesFiniteDifferencesWithDroppedTokensAndAllBalanceLosses) {
  Config c;
  c.hidden_size = 6, c.moe_intermediate_size = 5, c.n_routed_experts = 6, c.num_experts_per_tok = 2,
  c.aux_loss_alpha = 0.5;
  c.topk_method = "group_limited_greedy", c.n_group = 3, c.topk_group = 2;
  Rng rng(37);
  const MoE moe(c);
  std::vector<Tensor> inputs{moe.gate.weight, moe.experts_gate_up, moe.experts_down};
  randomise(inputs, rng);
  const Tensor x = Tensor::randn({2, 4, 6}, rng), w = Tensor::randn({2, 4, 6}, rng);
  inputs.push_back(x);
  const auto y = [&](Pass& pass) {
    pass.device_loss_alpha = real(0.3), pass.communication_loss_alpha = real(0.2);
    pass.capacity_factor = 0.8;
    return moe.forward(x, pass);
  };
  const auto f = [&] {
    Pass pass;
    const Tensor out = y(pass);
    return add(dot(out, w), pass.balance_loss);
  };
  EXPECT_LT(max_gradient_error(f, inputs), gradient_tolerance());
  Pass tight, loose, kept;
  const Tensor dropped = y(tight), whole = moe.forward(x, loose);
  kept.keep = {1, 1};
  EXPECT_GT((dropped.view().matrix() - whole.view().matrix()).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_EQ((y(kept).view().matrix() - whole.view().matrix()).cwiseAbs().maxCoeff(), 0);
}

TEST(MoE, LeavesItsRoutingInThePass) {
  Config c;
  c.hidden_size = 4, c.n_routed_experts = 6, c.num_experts_per_tok = 2, c.moe_intermediate_size = 3;
  Pass pass;
  MoE(c).forward(Tensor::zeros({1, 5, 4}), pass);
  ASSERT_EQ(pass.routings.size(), 1u);
  // Equal scores: the lower indices.
  EXPECT_EQ(pass.routings[0].load.values(), (std::vector<std::int32_t>{5, 5, 0, 0, 0, 0}));
}

}  // namespace seekling
