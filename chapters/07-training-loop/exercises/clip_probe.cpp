#include "optim/clip.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const std::vector<Tensor> parameters{Tensor::zeros({probe.between(2, 5), 3}),
                                       Tensor::zeros({probe.between(3, 6)}), Tensor::zeros({2, 2}),
                                       Tensor::zeros({7})};  // the last has no gradient
  for (std::size_t p = 0; p < 3; ++p)
    for (Index i = 0; i < parameters[p].size(); ++i)
      parameters[p].grad().data()[i] = real(3 * probe.rng.normal());
  probe.exercise("7.2b",
                 text("gradients of ", parameters[0].shape(), ", ", parameters[1].shape(),
                      ", [2, 2] and none"),
                 [&] { probe.see("norm", gradient_norm(parameters)); });
}

}  // namespace seekling
