#include "experts/dispatch.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  // Too few experts for the choices to stand sorted by chance: N tokens with K ascending
  // choices each would need N + 1.
  const Index N = probe.between(5, 8), E = probe.between(4, 5), K = probe.between(2, 3),
              D = probe.between(3, 5);
  const Routing routing = route(Tensor::randn({N, E}, probe.rng), {}, {.K = K});
  std::vector<char> dropped(std::size_t(N * K), 0);
  for (Index i = 0; i < 3; ++i) dropped[std::size_t(probe.rng.below(N * K))] = 1;
  const Tensor y = Tensor::randn({N * K, D}, probe.rng);

  const std::string inputs = text(N, " tokens, ", E, " experts, K ", K);
  probe.exercise("10.2a", inputs + ", with and without dropped choices", [&] {
    for (const auto& [name, plan] :
         {std::pair("", Plan(routing)), std::pair("dropped.", Plan(routing, dropped))}) {
      probe.see_list(text(name, "begin"), plan.begin.values(), 0);
      probe.see_list(text(name, "token"), plan.token.values(), 0);
      probe.see_list(text(name, "row"), plan.row.values(), 0);
    }
  });
  probe.exercise("10.2b", inputs + text(", y ", y.shape()),
                 [&] { probe.see("out", combine(y, routing.g, Plan(routing))); });
}

}  // namespace seekling
