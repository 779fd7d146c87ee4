#include "attention/per_head.h"
#include "gradcheck.h"
#include "ops/add.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const Index B = probe.between(1, 2), T = probe.between(2, 4), H = probe.between(2, 3),
              rows = probe.between(2, 4), cols = rows + probe.between(1, 3);
  const Tensor x = strided({B, T, H, rows}, probe.rng),
               other = Tensor::randn({B, T, H, rows}, probe.rng);
  const Tensor z = strided({B, T, H, cols}, probe.rng);
  const Tensor W = Tensor::randn({H, rows * cols}, probe.rng),
               V = Tensor::randn({H, rows * cols}, probe.rng);
  const Tensor cy = Tensor::randn({B, T, H, cols}, probe.rng),
               cz = Tensor::randn({B, T, H, rows}, probe.rng);

  const std::string inputs =
      text("x ", x.shape(), " and ", z.shape(), ", ", H, " matrices of ", rows, " x ", cols);
  probe.exercise("9.1", inputs, [&] {
    probe.see("per_head", per_head(x, W, rows));
    probe.see("per_head_t", per_head_t(z, W, rows));
  });
  probe.exercise("9.2", inputs + ", x and W used twice", [&] {
    Tape tape;
    const Tensor there =
        add(per_head(x, W, rows), add(per_head(other, W, rows), per_head(x, V, rows)));
    const Tensor back = add(per_head_t(z, W, rows), per_head_t(z, V, rows));
    tape.backward(add(dot(there, cy), dot(back, cz)));
    probe.see("dx", x.grad()), probe.see("dz", z.grad()), probe.see("dW", W.grad());
  });
}

}  // namespace seekling
