#include "gradcheck.h"
#include "probe.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

// y = x ⊙ x, whose derivative needs x itself.
Tensor square(const Tensor& x) {
  const Tensor y = Tensor::like(x);
  y.view().vector() = x.view().vector().cwiseProduct(x.view().vector());
  record("square", {x}, {y}, [x, dx = x.grad(), dy = y.grad()] {
    dx.view().vector() += 2 * x.view().vector().cwiseProduct(dy.view().vector());
  });
  return y;
}

struct Count : TapeWatcher {
  Index backwards = 0;
  void forward(const char*, const std::vector<Tensor>&, const std::vector<Tensor>&) override {}
  void backward(const char*) override { ++backwards; }
};

}  // namespace

void probe(Probe& probe) {
  const Index n = probe.between(2, 6), depth = probe.between(2, 4);
  const double seed = double(probe.between(2, 9));
  const Tensor x({n}), c({n}), aside({n});
  for (const Tensor& numbers : {x, c, aside})  // none near 0, whose powers would hide what is wrong
    for (Index i = 0; i < n; ++i) numbers.data()[i] = real(0.5 + probe.rng.uniform());

  probe.exercise("1.1", text(depth, " squares of ", n, " numbers, seed ", seed), [&] {
    Count count;
    Tape tape(Tape::Keep::kWhatGradientsNeed, &count);
    Tensor y = x;
    for (Index i = 0; i < depth; ++i) y = square(y);
    square(aside);  // leads to no loss
    tape.backward(dot(y, c), real(seed));
    probe.see("dx", x.grad());
    probe.see("aside.has_grad", aside.has_grad(), 0);
    probe.see("entries_left", double(tape.size()), 0);
    probe.see("entries_played", double(count.backwards), 0);
    square(x);
    probe.see("entries_recorded_behind_it", double(tape.size()), 0);
  });
}

}  // namespace seekling
