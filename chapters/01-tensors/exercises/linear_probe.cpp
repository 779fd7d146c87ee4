#include "gradcheck.h"
#include "ops/add.h"
#include "ops/linear.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const Index B = probe.between(1, 3), T = probe.between(2, 4), in = probe.between(3, 6),
              out = in + probe.between(1, 3);
  const Tensor x = strided({B, T, in}, probe.rng), other = Tensor::randn({B, T, in}, probe.rng);
  const Tensor W = Tensor::randn({out, in}, probe.rng), V = Tensor::randn({out, in}, probe.rng);
  const Tensor c = Tensor::randn({B, T, out}, probe.rng);
  const std::string inputs =
      text("x ", x.shape(), " in rows that lie ", x.ld(), " apart, W ", W.shape());

  probe.exercise("1.2", inputs, [&] { probe.see("y", linear(x, W)); });

  probe.exercise("1.3", inputs + ", x and W used twice", [&] {
    Tape tape;
    tape.backward(dot(add(linear(x, W), add(linear(other, W), linear(x, V))), c));
    probe.see("dx", x.grad());
    probe.see("dW", W.grad());
  });
}

}  // namespace seekling
