// curve.svg: the probability of being compared, over the Jaccard similarity, for three ways to cut
// 126 minima in bands, and for the first one what planted pairs do.
#include "planted.h"
#include "svg.h"

using namespace seekling;

int main() {
  constexpr double kLeft = 60, kTop = 20, kWidth = 560, kHeight = 280;
  const auto x_of = [&](double jaccard) { return kLeft + kWidth * jaccard; };
  const auto y_of = [&](double p) { return kTop + kHeight * (1 - p); };
  Svg picture(760, 360);
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double v = tenth / 10.0;
    picture.line(x_of(v), y_of(0), x_of(v), y_of(1), "#e0e0e0");
    picture.line(x_of(0), y_of(v), x_of(1), y_of(v), "#e0e0e0");
    picture.write(x_of(v), y_of(0) + 18, text(v), "middle");
    picture.write(x_of(0) - 8, y_of(v) + 4, text(v), "end");
  }
  picture.write(x_of(0.5), y_of(0) + 40, "Jaccard similarity of two documents", "middle");
  const struct {
    Bands bands;
    const char *name, *colour;
  } curves[] = {{{18, 7}, "18 bands of 7", "#c0392b"},
                {{63, 2}, "63 bands of 2", "#2471a3"},
                {{7, 18}, "7 bands of 18", "#7d8a2e"}};
  double y = 60;
  for (const auto& [bands, name, colour] : curves) {
    std::vector<std::pair<double, double>> points;
    for (int i = 0; i <= 100; ++i)
      points.emplace_back(x_of(i / 100.0), y_of(bands.found(i / 100.0)));
    picture.curve(points, colour);
    picture.line(636, y - 4, 656, y - 4, colour, 2);
    picture.write(662, y, name);
    y += 24;
  }
  picture.circle(646, y - 4, 4, "#c0392b");
  picture.write(662, y, "planted pairs");
  const auto pairs = planted_pairs(4000, /*seed=*/1);
  for (int bin = 6; bin < 20; ++bin) {
    double n = 0, share = 0, mean = 0;
    for (const PlantedPair& pair : pairs) {
      if (std::min(19, int(pair.jaccard * 20)) != bin) continue;
      const auto a = band_keys(shingles_of(pair.original), curves[0].bands),
                 b = band_keys(shingles_of(pair.copy), curves[0].bands);
      bool equal = false;
      for (std::size_t k = 0; k < a.size(); ++k) equal = equal || a[k] == b[k];
      ++n, share += equal, mean += pair.jaccard;
    }
    if (n >= 10) picture.circle(x_of(mean / n), y_of(share / n), 4, "#c0392b");
  }
  picture.save("curve.svg");
}
