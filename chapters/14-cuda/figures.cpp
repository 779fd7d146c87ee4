// bytes.svg: what memory moves for each rung of the ladder, counted for texts
// of several lengths.
#include "ladder.h"
#include "svg.h"
#include "tensor/tensor.h"

using namespace seekling;
using emulation::Counted;

int main() {
  constexpr double kLeft = 70, kBottom = 270, kWidth = 380, kHeight = 240;
  constexpr Index kLongest = 256;
  const double kMost = 16;  // MiB
  Svg picture(620, 310);
  for (int mib = 0; mib <= 16; mib += 4) {
    const double y = kBottom - mib / kMost * kHeight;
    picture.line(kLeft, y, kLeft + kWidth, y, "#dddddd");
    picture.write(kLeft - 8, y + 4, text(mib, " MiB"), "end");
  }
  const char *colours[] = {"#d95f02", "#7570b3", "#1b9e77"};
  for (std::size_t i = 0; i < std::size(ladder::kRungs<Counted>); ++i) {
    const auto &[name, run] = ladder::kRungs<Counted>[i];
    std::vector<std::pair<double, double>> curve;
    for (Index T = 32; T <= kLongest; T += 32) {
      const Tensor x = Tensor::zeros({T, ladder::kHead}), scores({T, T}), o = Tensor::like(x);
      const emulation::CountedView X = {x.view()};
      const emulation::Counts c = emulation::counted([&, rung = run] { rung({X, X, X, {scores.view()}, {o.view()}}); });
      const double mib = double(c.bytes()) / (1 << 20);
      curve.emplace_back(kLeft + kWidth * double(T) / double(kLongest), kBottom - mib / kMost * kHeight);
      if (i == 0 && T % 64 == 0) picture.write(curve.back().first, kBottom + 18, text(T), "middle");
    }
    picture.curve(curve, colours[i]);
    picture.write(curve.back().first + 8, curve.back().second + 4, name, "start", colours[i]);
  }
  picture.write(kLeft + kWidth / 2, kBottom + 36, "tokens", "middle");
  picture.save("bytes.svg");
}
