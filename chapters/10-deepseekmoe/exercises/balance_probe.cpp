#include "experts/balance.h"
#include "gradcheck.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  // More choices than groups: in each token two choices share a group. Sigmoids,
  // since their sum is not 1.
  const Index B = 2, T = probe.between(4, 6), D = probe.between(2, 3), K = D + 1,
              E = D * probe.between(2, 3);
  const Routing routing =
      route(Tensor::randn({B * T, E}, probe.rng), {}, {.K = K, .affinity = Affinity::kSigmoid});
  const BalanceOptions v2{.expert = real(0.7),
                          .device = real(0.3),
                          .communication = real(0.2),
                          .n_group = D,
                          .topk_group = 2};
  BalanceOptions v3 = v2;
  v3.affinity = Affinity::kSigmoid;
  const Tensor c = Tensor::of({1}, std::vector<real>{real(1.5)});

  const std::string inputs =
      text(B, " sequences of ", T, " tokens, ", E, " experts in ", D, " groups, K ", K);
  probe.exercise("10.3a", inputs + ", each level alone and all together", [&] {
    probe.see("expert", balance_loss(routing, B, {.expert = 1}).item());
    probe.see("device", balance_loss(routing, B, {.device = 1, .n_group = D}).item());
    probe.see("communication",
              balance_loss(routing, B, {.communication = 1, .n_group = D, .topk_group = 2}).item());
    probe.see("all", balance_loss(routing, B, v2).item());
  });
  probe.exercise("10.3b", inputs + ", s as it is and normalised", [&] {
    for (const auto& [name, options] : {std::pair("ds", v2), std::pair("ds_normalised", v3)}) {
      routing.s.clear_grad();
      Tape tape;
      tape.backward(dot(balance_loss(routing, B, options), c));
      probe.see(name, routing.s.grad());
    }
  });
}

}  // namespace seekling
