#include "experts/router.h"
#include "gradcheck.h"
#include "ops/add.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const Index N = probe.between(4, 7), E = 2 * probe.between(4, 5), K = probe.between(2, 3);
  const RouterOptions v2{.K = K, .routed_scaling_factor = real(2.5)};
  const RouterOptions v3{.K = K,
                         .affinity = Affinity::kSigmoid,
                         .n_group = 2,
                         .topk_group = 1,
                         .group_score = GroupScore::kSumOfBestTwo,
                         .gate = Gate::kNormalised,
                         .routed_scaling_factor = real(2.5)};
  const Tensor logits = Tensor::randn({N, E}, probe.rng), bias = Tensor::zeros({E});
  const Tensor cs = Tensor::randn({N, E}, probe.rng), cg = Tensor::randn({N, K}, probe.rng);
  for (Index e = 0; e < E; ++e) bias.data()[e] = real(0.5 * probe.rng.uniform());
  // The first token's last choice, which the bias makes everyone's.
  const Index favourite = probe.between(K, E - 1);
  logits.data()[favourite] = logits.view().row(0).minCoeff() - 1;
  bias.data()[favourite] = 4;

  const std::string inputs = text("logits ", logits.shape(), ", K ", K);
  probe.exercise(
      "10.1a", inputs + ", as V2 (softmax) and as V3 (sigmoid, bias, 2 groups, normalised)", [&] {
        for (const auto& [name, options] : {std::pair("v2.", v2), std::pair("v3.", v3)}) {
          const Routing r =
              route(logits, options.affinity == Affinity::kSigmoid ? bias : Tensor(), options);
          probe.see_list(text(name, "experts"), r.experts.values(), 0);
          probe.see(text(name, "g"), r.g), probe.see(text(name, "s"), r.s);
          probe.see_list(text(name, "load"), r.load.values(), 0);
        }
      });
  probe.exercise("10.1b", inputs + ", as V2 and as V3, gradients into s and g", [&] {
    for (const auto& [name, options] : {std::pair("v2.", v2), std::pair("v3.", v3)}) {
      logits.clear_grad();
      Tape tape;
      const Routing r =
          route(logits, options.affinity == Affinity::kSigmoid ? bias : Tensor(), options);
      tape.backward(add(dot(r.s, cs), dot(r.g, cg)));
      probe.see(text(name, "dlogits"), logits.grad());
    }
  });
}

}  // namespace seekling
