// DeepSeekMoE. DeepSeekMoE (arXiv:2401.06066) eq. 9-11; DeepSeek-V2 (arXiv:2405.04434) eq. 20-31.
//   y = Σ_shared FFN(x) + Σ_{i in TopK} g_i FFN_i(x)
// silu is element-wise, so n_shared_experts experts of width m are exactly one expert of width
// n_shared_experts · m. The checkpoint stores them that way.
#include "experts/moe.h"

#include "experts/dispatch.h"
#include "experts/drop_tokens.h"
#include "ops/add.h"
#include "ops/swiglu.h"

namespace seekling {

BalanceOptions balance_options(const Config& c, Affinity affinity) {
  return {.expert = real(c.aux_loss_alpha),
          .n_group = c.n_group,
          .topk_group = c.topk_group,
          .affinity = affinity};
}

MoE::MoE(const Config& c, const RouterOptions& router)
    : options(router), balance(balance_options(c, router.affinity)), seq_aux(c.seq_aux),
      gate(c.hidden_size, c.n_routed_experts) {
  const Index E = c.n_routed_experts, m = c.moe_intermediate_size, D = c.hidden_size;
  if (options.choice == Choice::kBiasedAffinity) e_score_correction_bias = Tensor::zeros({E});
  experts_gate_up.weight = Tensor::zeros({E, 2 * m, D});
  experts_down.weight = Tensor::zeros({E, D, m});
  if (c.n_shared_experts > 0) shared_experts = Mlp(D, c.n_shared_experts * m);
}

Plan MoE::plan_of(const Routing& routing, const Context& context) const {
  if (context.capacity_factor == 0) return Plan(routing);
  return Plan(routing,
              dropped_choices(routing, balance.n_group, context.capacity_factor, context.keep));
}

void MoE::add_balance_loss(const Routing& routing, Index B, const Context& context,
                           Losses& losses) const {
  if (!context.want_balance_loss) return;
  BalanceOptions o = balance;
  o.device = context.device_loss_alpha, o.communication = context.communication_loss_alpha;
  if (o.expert == 0 && o.device == 0 && o.communication == 0) return;
  const Tensor loss = balance_loss(routing, seq_aux ? B : 1, o);
  losses.balance = losses.balance.defined() ? add(losses.balance, loss) : loss;
}

Tensor MoE::forward(const Tensor& h, const Context& context, Losses& losses) const {
  const Index B = h.dim(0), N = h.rows(), D = h.cols();
  const Tensor x = h.reshape({N, D}), logits = gate(x);                     //          [N,D], [N,E]
  const Routing routing = route(logits, e_score_correction_bias, options);  // (21), (22)    g [N,K]
  const Plan plan = plan_of(routing, context);
  // (20): a token's K rows, sorted by expert; y = Σ g_i FFN_i over them, plus the shared experts.
  const Tensor to_experts = dispatch(x, plan);                     //                     [N·K,D]
  const Tensor inner = swiglu(experts_gate_up(to_experts, plan));  //                     [N·K,m]
  Tensor y = combine(experts_down(inner, plan), routing.g, plan);  //                       [N,D]
  if (shared_experts.gate_up.defined()) y = add(y, shared_experts.forward(x));

  add_balance_loss(routing, B, context, losses);  // (23)-(31)
  losses.routings.push_back(routing);
  context.observe("gate", logits);
  return y.reshape(h.shape());
}

void MoE::parameters(const std::string& at, const Visitor& visit) const {
  visit(at + ".gate.weight", gate.weight);
  if (e_score_correction_bias.defined())
    visit(at + ".gate.e_score_correction_bias", e_score_correction_bias);
  const Tensor &W_gate_up = experts_gate_up.weight, &W_down = experts_down.weight;
  const Index E = W_down.dim(0), D = W_down.dim(1), m = W_down.dim(2);
  for (Index e = 0; e < E; ++e) {
    const std::string expert = at + ".experts." + std::to_string(e);
    const Tensor gate_up = W_gate_up.slice(e, 1).reshape({2 * m, D});
    visit(expert + ".gate_proj.weight", gate_up.slice(0, m));
    visit(expert + ".up_proj.weight", gate_up.slice(m, m));
    visit(expert + ".down_proj.weight", W_down.slice(e, 1).reshape({D, m}));
  }
  if (shared_experts.gate_up.defined()) shared_experts.parameters(at + ".shared_experts", visit);
}

std::unique_ptr<FeedForward> MoE::pack(Format format) const {
  auto to = std::make_unique<MoE>(*this);
  to->gate.pack();  // fp32: rounding must not change a choice
  to->e_score_correction_bias = e_score_correction_bias.clone();
  to->experts_gate_up.pack(format), to->experts_down.pack(format);
  to->shared_experts.gate_up.pack(format), to->shared_experts.down_proj.pack(format);
  return to;
}

WeightBytes MoE::weight_bytes() const {
  const Index experts = experts_gate_up.packed.bytes() + experts_down.packed.bytes();
  WeightBytes sum = shared_experts.weight_bytes();
  sum += WeightBytes(gate.packed.bytes());
  sum += {experts, experts * options.K / experts_down.packed.count};
  return sum;
}

GgufNames MoE::gguf_names() const {
  return {{"gate.weight", "ffn_gate_inp.weight"},
          {"gate.e_score_correction_bias", "exp_probs_b.bias"},
          {"experts.gate_proj.weight", "ffn_gate_exps.weight"},
          {"experts.up_proj.weight", "ffn_up_exps.weight"},
          {"experts.down_proj.weight", "ffn_down_exps.weight"},
          {"shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
          {"shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
          {"shared_experts.down_proj.weight", "ffn_down_shexp.weight"}};
}

std::unique_ptr<FeedForward> make_feed_forward(const Config& c, Index i,
                                               const RouterOptions& router) {
  if (c.is_moe(i)) return std::make_unique<MoE>(c, router);
  return std::make_unique<Mlp>(c.hidden_size, c.intermediate_size);
}

}  // namespace seekling
