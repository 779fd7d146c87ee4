// bytes.svg: what memory moves for each rung of the ladder, counted for texts of several lengths.
// Both axes are logarithmic.
#include "ladder.h"
#include "svg.h"
#include "tensor/tensor.h"

using namespace seekling;
using emulation::Counted;

int main() {
  constexpr double kLeft = 80, kBottom = 270, kOctave = 20, kDoubled = 120;  // pixels for x 2
  const auto x_of = [](Index T) { return kLeft + kDoubled * std::log2(double(T) / 32); };
  const auto y_of = [](double kib) { return kBottom - kOctave * std::log2(kib / 16); };
  Svg picture(540, 320);
  for (int kib = 16; kib <= 65536; kib *= 4) {
    picture.line(kLeft, y_of(kib), x_of(256), y_of(kib), "#dddddd");
    picture.write(kLeft - 8, y_of(kib) + 4,
                  kib < 1024 ? text(kib, " KiB") : text(kib / 1024, " MiB"), "end");
  }
  for (Index T = 32; T <= 256; T *= 2) picture.write(x_of(T), kBottom + 18, text(T), "middle");
  const char* colours[] = {"#d95f02", "#7570b3", "#1b9e77"};
  for (std::size_t i = 0; i < std::size(ladder::kRungs<Counted>); ++i) {
    const auto& [name, run] = ladder::kRungs<Counted>[i];
    std::vector<std::pair<double, double>> curve;
    for (Index T = 32; T <= 256; T *= 2) {
      const Tensor x = Tensor::zeros({T, ladder::kHead}), scores({T, T}), o = Tensor::like(x);
      const emulation::CountedView X = {x.view()};
      const emulation::Counts c = emulation::counted([&, rung = run] {
        rung({X, X, X, {scores.view()}, {o.view()}});
      });
      curve.emplace_back(x_of(T), y_of(double(c.bytes()) / 1024));
    }
    picture.curve(curve, colours[i]);
    picture.write(curve.back().first + 8, curve.back().second + 4, name, "start", colours[i]);
  }
  picture.write(x_of(96), kBottom + 38, "tokens", "middle");
  picture.save("bytes.svg");
}
