#include "attention/rope.h"
#include "gradcheck.h"
#include "ops/add.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const Index B = probe.between(1, 3), T = probe.between(2, 5), H = probe.between(1, 3),
              rope = 2 * probe.between(2, 5);
  const Index start = probe.between(1, 9), earlier = probe.between(10, 19);
  const double base = double(probe.between(100, 20000));
  const Shape shape{B, T, H, rope};
  const Tensor x = strided(shape, probe.rng), c = Tensor::randn(shape, probe.rng);
  Rotary rotary{{}, 1.25};
  for (Index j = 0; j < rope / 2; ++j) rotary.theta.push_back(1.5 * probe.rng.uniform() + 0.1);

  probe.exercise("5.1", text("rope ", rope, ", base ", base),
                 [&] { probe.see_list("theta", Rotary::plain(rope, base).theta); });

  const std::string inputs = text("x ", shape, ", start ", start, ", factor ", rotary.factor);
  probe.exercise("5.2", inputs, [&] { probe.see("y", seekling::rope(x, start, rotary)); });

  probe.exercise("5.3", inputs + text(", and the same x from ", earlier), [&] {
    Tape tape;  // x is used twice, so two gradients meet in dx
    tape.backward(
        dot(add(seekling::rope(x, start, rotary), seekling::rope(x, earlier, rotary)), c));
    probe.see("dx", x.grad());
  });
}

}  // namespace seekling
