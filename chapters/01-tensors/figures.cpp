// tape.svg: a small model forwards, and what its tape carries backwards.
#include "svg.h"

using namespace seekling;

int main() {
  const std::string forth = "#2471a3", back = "#c0392b";
  Svg picture(760, 230);
  const auto box = [&](double x, double y, const std::string& name, const std::string& shape) {
    picture.box(x, y, 92, 44, "#f2f2f2", "#666666");
    picture.write(x + 46, y + 19, name, "middle");
    picture.write(x + 46, y + 36, shape, "middle");
  };
  box(20, 40, "x", "[n, in]");
  box(20, 140, "W", "[out, in]");
  box(290, 90, "y", "[n, out]");
  box(500, 90, "z", "[n, out]");
  box(650, 90, "loss", "[1]");
  const auto both = [&](double x1, double y1, double x2, double y2, const std::string& carries,
                        double lift) {
    picture.arrow(x1, y1 - 6, x2, y2 - 6, forth);
    picture.arrow(x2, y2 + 6, x1, y1 + 6, back);
    picture.write((x1 + x2) / 2, (y1 + y2) / 2 + lift, carries, "middle", back);
  };
  both(116, 62, 286, 102, "dx = dy W", -18);
  both(116, 162, 286, 122, "dW = dyᵀ x", 32);
  both(386, 112, 496, 112, "dy", 24);
  both(596, 112, 646, 112, "dz", 24);
  picture.write(441, 98, "op 2", "middle", forth);
  picture.write(621, 98, "op 3", "middle", forth);
  picture.write(336, 82, "op 1: linear", "middle", forth);
  picture.write(20, 214, "forwards: op 1, op 2, op 3; each leaves a note", "start", forth);
  picture.write(400, 214, "backwards: note 3, note 2, note 1", "start", back);
  picture.save("tape.svg");
}
