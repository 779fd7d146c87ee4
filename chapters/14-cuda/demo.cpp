// What kernels ask of memory, and how much they compute, counted on the emulation:
// the same sum taken along rows and down columns, then the rungs of the ladder, which must also
// agree with the library's attention.
#include <cstdio>

#include "attention/attention.h"
#include "ladder.h"

using namespace seekling;
using emulation::Counted, emulation::CountedView, emulation::Counts;

static void line(const char* name, const Counts& c) {
  const double asked = double(c.loads + c.stores) * sizeof(float), moved = double(c.bytes());
  std::printf("%-11s %12.0f KiB %12.0f KiB %11td %7.2f", name, asked / 1024, moved / 1024,
              c.operations, double(c.operations) / moved);
}

// y = a + b. A block owns a row, or, if `down` says so, a column; neighbouring threads own
// its neighbouring numbers.
static __global__ void add_kernel(CountedView y, CountedView a, CountedView b, bool down) {
  const Index i = down ? threadIdx.x : blockIdx.x, j = down ? blockIdx.x : threadIdx.x;
  y(i, j) = a(i, j) + b(i, j);
}

static void add(Index n) {
  const Tensor a = Tensor::zeros({n, n}), b = Tensor::zeros({n, n}), y({n, n});
  std::printf("y = a + b, %td x %td numbers\n", n, n);
  std::printf("a block is  asked by threads  moved by memory  operations  a byte\n");
  for (const bool down : {false, true}) {
    const CountedView Y = {y.view()}, A = {a.view()}, B = {b.view()};
    line(down ? "a column" : "a row", emulation::counted([&] {
           cuda::launch(add_kernel, unsigned(n), unsigned(n), Y, A, B, down);
         }));
    std::printf("\n");
  }
}

static void climb(Index T) {
  Rng rng(14);
  const auto random = [&] { return Tensor::randn({1, T, 1, ladder::kHead}, rng); };
  const Tensor q = random(), k = random(), v = random(), scores({T, T}), o({T, ladder::kHead});
  const ladder::Problem<Counted> problem{
      {q.view()}, {k.view()}, {v.view()}, {scores.view()}, {o.view()}};
  const Tensor expected = attention({q, {}}, {k, {}}, v, problem.scale);

  std::printf("\n%td queries and keys of %d numbers\n", T, ladder::kHead);
  std::printf("rung        asked by threads  moved by memory  operations  a byte  off by\n");
  for (const auto& [name, run] : ladder::kRungs<Counted>) {
    o.view().matrix().setConstant(NAN);  // what a rung does not write is not the last one's
    line(name, emulation::counted([&, rung = run] { rung(problem); }));
    const real off =
        (o.view().matrix() - expected.view().matrix()).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
    std::printf("  %s\n", off < 1e-5 ? "< 1e-5" : "more than 1e-5");
  }
}

int main() {
  add(256);
  climb(128);
  climb(256);
}
