#include "ops/rms_norm.h"
#include "probe.h"

namespace seekling {

namespace {

struct Problem {
  Tensor x, gain, dy, before, r;
};

// In the memory of the GPU, or of its emulation.
Problem problem(Probe& probe, Index rows, Index cols, real eps) {
  const auto random = [&](Shape shape) { return Tensor::randn(std::move(shape), probe.rng); };
  Problem p{random({rows, cols}), random({cols}), random({rows, cols}), random({cols}),
            Tensor({rows})};
  cpu::rms_norm_forward(Tensor::like(p.x), p.r, p.x, p.gain, eps);
  for (const Tensor& t : {p.x, p.gain, p.dy, p.before, p.r}) t.move_to(Device::kCuda);
  return p;
}

}  // namespace

void probe(Probe& probe) {
  const Index rows = probe.between(9, 20), even = 2 * probe.between(33, 40),
              odd = 2 * probe.between(2, 6) + 1;
  const real eps = real(0.2);
  const std::vector<Problem> problems{problem(probe, rows, even, eps),
                                      problem(probe, rows, odd, eps)};
  const std::string inputs = text(rows, " rows of ", even, " numbers and of ", odd, ", eps ", eps);
  probe.exercise("14.1", inputs, [&] {
    for (const Problem& p : problems) {
      const Tensor y = Tensor::like(p.x), r = Tensor::like(p.r);
      cuda::rms_norm_forward(y, r, p.x, p.gain, eps);
      probe.see(text("y", p.x.cols()), y.to(Device::kCpu));
      probe.see(text("r", p.x.cols()), r.to(Device::kCpu));
    }
  });
  probe.exercise("14.2", inputs + ", and a gradient of the gain that holds numbers already", [&] {
    for (const Problem& p : problems) {
      const Tensor dx = Tensor::zeros(p.x.shape(), Device::kCuda);
      cuda::rms_norm_backward(dx, Accumulate::kNo, p.before, p.dy, p.x, p.gain, p.r);
      probe.see(text("dgain", p.x.cols()), p.before.to(Device::kCpu));
    }
  });
}

}  // namespace seekling
