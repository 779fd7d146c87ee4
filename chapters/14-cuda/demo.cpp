// The ladder on the emulation: what each rung asks of memory and how much it
// computes, and that all of them agree with the library's attention.
#include <cstdio>

#include "ladder.h"
#include "ops/attention.h"

using namespace seekling;
using emulation::Counted;

static constexpr Index T = 128, d = ladder::kHead;

int main() {
  Rng rng(14);
  const auto random = [&] { return Tensor::randn({1, T, 1, d}, rng); };
  const Tensor q = random(), k = random(), v = random(), scores({T, T}), o({T, d});
  const ladder::Problem<Counted> problem{{q.view()}, {k.view()}, {v.view()}, {scores.view()}, {o.view()}};
  const Tensor expected = attention({q, {}}, {k, {}}, v, problem.scale);

  std::printf("%td queries and keys of %td numbers\n\n", T, d);
  std::printf(
      "rung     asked by threads  moved by memory  operations  a byte  "
      "off by\n");
  for (const auto &[name, run] : ladder::kRungs<Counted>) {
    const emulation::Counts c = emulation::counted([&, rung = run] { rung(problem); });
    const real off = (o.view().matrix() - expected.view().matrix()).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
    const double asked = double(c.loads + c.stores) * sizeof(float), moved = double(c.bytes());
    std::printf("%-8s %12.0f KiB %12.0f KiB %11td %7.2f  %s\n", name, asked / 1024, moved / 1024, c.operations,
                double(c.operations) / moved, off < 1e-6 ? "< 1e-6" : "more than 1e-6");
  }
}
