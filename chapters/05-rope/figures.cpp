// turns.svg: the hands of the four pairs of an 8-wide head, at positions 0 to 7.
#include <cmath>

#include "attention/rope.h"
#include "svg.h"

using namespace seekling;

int main() {
  const Rotary rotary = Rotary::plain(8, 10000);
  const double step = 74, left = 150, top = 60, radius = 26;
  Svg picture(760, 370);
  for (int p = 0; p < 8; ++p) picture.write(left + p * step, 26, text("p = ", p), "middle");
  for (std::size_t j = 0; j < 4; ++j) {
    const double y = top + double(j) * step;
    picture.write(12, y + 4, text("pair ", j, ", θ = ", rotary.theta[j]));
    for (int p = 0; p < 8; ++p) {
      const double x = left + p * step, angle = p * rotary.theta[j];
      picture.circle(x, y, radius, "#f2f2f2", "#999999");
      picture.line(x, y, x + radius * std::cos(angle), y - radius * std::sin(angle), "#c0392b",
                   2.5);
    }
  }
  picture.write(12, 352,
                "A hand is where RoPE puts the vector (1, 0) of this pair. Fast hands tell "
                "neighbours apart, slow ones "
                "tell regions apart.");
  picture.save("turns.svg");
}
