#include "optim/schedule.h"
#include "probe.h"

namespace seekling {

void probe(Probe& probe) {
  const Index warmup = probe.between(3, 5), steps = 20 + probe.between(0, 9);
  probe.exercise("7.2a", text("a warm-up of ", warmup, " of ", steps, " steps"), [&] {
    for (const char* kind : {"step", "cosine", "constant"})
      for (Index step = 1; step <= steps; ++step)
        probe.see(
            text(kind, "[", step, "]"),
            learning_rate({.kind = kind, .lr = 0.5, .warmup_steps = warmup, .steps = steps}, step));
  });
}

}  // namespace seekling
