// DeepSeekMoE: shared experts that see every token, routed experts of which each token chooses K.
#pragma once

#include "experts/balance.h"
#include "experts/dispatch.h"
#include "experts/losses.h"
#include "nn/config.h"
#include "nn/context.h"
#include "nn/linear.h"
#include "nn/mlp.h"

namespace seekling {

struct MoE {
  explicit MoE(const Config& config);

  // h [B,T,hidden_size]. Leaves its Routing and its balance loss in losses.
  Tensor forward(const Tensor& h, const Context& context, Losses& losses) const;
  void parameters(const std::string& at, const Visitor& visit) const;

  RouterOptions options;
  BalanceOptions balance;  // expert level; the others are a training run's, and come in the Context
  bool seq_aux;

  PreciseLinear gate;              // [E,hidden_size]
  Tensor e_score_correction_bias;  // [E]; V3 only
  Tensor experts_gate_up;          // [E,2·m,hidden_size]: gate_proj, then up_proj, of each expert
  Tensor experts_down;             // [E,hidden_size,m]
  Mlp shared_experts;              // of width n_shared_experts · m; none if that is 0

 private:
  Plan plan_of(const Routing& routing, const Context& context) const;
  void add_balance_loss(const Routing& routing, Index B, const Context& context,
                        Losses& losses) const;
};

}  // namespace seekling
