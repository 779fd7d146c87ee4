// The ladder on the emulation: what each rung asks of memory, how much it computes, and that all of them agree with the
// library's attention.
#include <cstdio>

#include "ladder.h"
#include "ops/attention.h"

using namespace seekling;
using emulation::Counted;

static void climb(Index T) {
  Rng rng(14);
  const auto random = [&] { return Tensor::randn({1, T, 1, ladder::kHead}, rng); };
  const Tensor q = random(), k = random(), v = random(), scores({T, T}), o({T, ladder::kHead});
  const ladder::Problem<Counted> problem{{q.view()}, {k.view()}, {v.view()}, {scores.view()}, {o.view()}};
  const Tensor expected = attention({q, {}}, {k, {}}, v, problem.scale);

  std::printf("%td queries and keys of %d numbers\n", T, ladder::kHead);
  std::printf("rung    asked by threads  moved by memory  operations  a byte  off by\n");
  for (const auto& [name, run] : ladder::kRungs<Counted>) {
    o.view().matrix().setConstant(NAN);  // what a rung does not write is not the last one's
    const emulation::Counts c = emulation::counted([&, rung = run] { rung(problem); });
    const real off = (o.view().matrix() - expected.view().matrix()).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
    const double asked = double(c.loads + c.stores) * sizeof(float), moved = double(c.bytes());
    std::printf("%-7s %12.0f KiB %12.0f KiB %11td %7.2f  %s\n", name, asked / 1024, moved / 1024, c.operations,
                double(c.operations) / moved, off < 1e-5 ? "< 1e-5" : "more than 1e-5");
  }
}

int main() {
  climb(128);
  std::printf("\n");
  climb(256);
}
