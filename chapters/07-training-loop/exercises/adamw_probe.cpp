#include "optim/adamw.h"
#include "optim/clip.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const AdamWOptions options{.beta1 = 0.8, .beta2 = 0.9, .eps = 0.05, .weight_decay = 0.3};
  const Tensor W = Tensor::randn({probe.between(2, 4), 3}, probe.rng),
               gain = Tensor::randn({4}, probe.rng);
  // Has a gradient only in the first update.
  const Tensor unused = Tensor::randn({2, 3}, probe.rng);
  const auto see_updates = [&] {
    const AdamW optimizer({{"W", W}, {"gain", gain}, {"unused", unused}}, options);
    for (Index t = 1; t <= 3; ++t) {
      for (const Tensor& x : {W, gain, unused}) {
        if (t > 1 && x.same_storage(unused)) continue;
        for (Index i = 0; i < x.size(); ++i) x.grad().data()[i] = real(probe.rng.normal());
      }
      optimizer.update(t, 0.1 * double(t), /*clip=*/0.5);
      probe.see(text("W", t), W), probe.see(text("gain", t), gain),
          probe.see(text("unused", t), unused);
      clear_gradients(optimizer.parameters());
    }
  };
  const std::string inputs =
      text("W ", W.shape(), ", three updates, beta1 0.8, beta2 0.9, eps 0.05, decay 0.3, clip 0.5");
  const Tensor W0 = Tensor::of(W.shape(), std::vector<real>(W.data(), W.data() + W.size()));
  probe.exercise("7.1a", inputs, see_updates);
  W.view().matrix() = W0.view().matrix();
  probe.exercise("7.1b", inputs, see_updates);
}

}  // namespace seekling
