// DeepSeekMoE: shared experts process every token; each token also chooses K routed experts.
#pragma once

#include "experts/balance.h"
#include "experts/dispatch.h"
#include "experts/losses.h"
#include "nn/config.h"
#include "nn/context.h"
#include "nn/feed_forward.h"
#include "nn/linear.h"
#include "nn/mlp.h"

namespace seekling {

// The expert-level balance loss from the config. The other two are settings of a training run.
BalanceOptions balance_options(const Config& config, Affinity affinity);

// One linear layer per expert, for rows that are sorted by expert.              weight [E,out,in]
struct GroupedLinear : Linear {
  using Linear::Linear;
  Tensor operator()(const Tensor& x, const Plan& plan) const {
    return packed.defined() ? grouped_linear(x, packed, plan) : grouped_linear(x, weight, plan);
  }
};

struct MoE : FeedForward {
  MoE(const Config& config, const RouterOptions& router);

  // h [B,T,hidden_size]. Adds its Routing and its balance loss to losses.
  Tensor forward(const Tensor& h, const Context& context, Losses& losses) const override;
  std::unique_ptr<FeedForward> pack(Format format) const override;
  WeightBytes weight_bytes() const override;
  void parameters(const std::string& at, const Visitor& visit) const override;
  GgufNames gguf_names() const override;

  RouterOptions options;
  BalanceOptions balance;  // expert level only; a training run's other levels are in the Context
  bool seq_aux;

  PreciseLinear gate;              // [E,hidden_size]
  Tensor e_score_correction_bias;  // [E]; V3 only
  GroupedLinear experts_gate_up;   // [E,2·m,hidden_size]: gate_proj, then up_proj, of each expert
  GroupedLinear experts_down;      // [E,hidden_size,m]
  Mlp shared_experts;              // of width n_shared_experts · m; none if that is 0

 private:
  Plan plan_of(const Routing& routing, const Context& context) const;
  void add_balance_loss(const Routing& routing, Index B, const Context& context,
                        Losses& losses) const;
};

// The feed-forward layer of model layer i: MoE if config.is_moe(i), otherwise dense.
std::unique_ptr<FeedForward> make_feed_forward(const Config& config, Index i,
                                               const RouterOptions& router);

}  // namespace seekling
