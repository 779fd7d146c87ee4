// DeepSeekMoE: shared experts that see every token, routed experts of which each token chooses K.
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

// The expert-level balance loss of a config; the others are a training run's.
BalanceOptions balance_options(const Config& config, Affinity affinity);

// A linear layer of each expert, for rows that are sorted by expert.            weight [E,out,in]
struct GroupedLinear : Linear {
  using Linear::Linear;
  Tensor operator()(const Tensor& x, const Plan& plan) const {
    return packed.defined() ? grouped_linear(x, packed, plan) : grouped_linear(x, weight, plan);
  }
};

struct MoE : FeedForward {
  MoE(const Config& config, const RouterOptions& router);

  // h [B,T,hidden_size]. Leaves its Routing and its balance loss in losses.
  Tensor forward(const Tensor& h, const Context& context, Losses& losses) const override;
  std::unique_ptr<FeedForward> pack(Format format) const override;
  WeightBytes weight_bytes() const override;
  void parameters(const std::string& at, const Visitor& visit) const override;
  GgufNames gguf_names() const override;

  RouterOptions options;
  BalanceOptions balance;  // expert level; the others are a training run's, and come in the Context
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

// The feed-forward layer of a model's layer i: experts, or a dense one where config.is_moe says no.
std::unique_ptr<FeedForward> make_feed_forward(const Config& config, Index i,
                                               const RouterOptions& router);

}  // namespace seekling
