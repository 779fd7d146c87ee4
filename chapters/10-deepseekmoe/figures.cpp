// sorting.svg: a real Plan for three tokens that choose two of three experts each. experts.svg:
// the demo's counts as a picture.
#include <sstream>

#include "experts/dispatch.h"
#include "svg.h"

using namespace seekling;

namespace {

const char* const kColours[] = {"#9ecae1", "#fdd0a2", "#a1d99b"};  // of the three experts

void sorting() {
  const Routing routing{Tensor({3, 3}), Tensor({3, 2}), {0, 2, 1, 2, 0, 1}, {2, 2, 2}};
  const Plan plan(routing);
  Svg picture(760, 300);
  const auto x_of = [](Index choice) { return 150. + 95. * double(choice); };
  picture.write(12, 47, "tokens");
  picture.write(12, 107, "choices, K = 2");
  picture.write(12, 197, "rows, sorted");
  picture.write(12, 262, "experts");
  for (Index t = 0; t < 3; ++t) {
    picture.box(x_of(2 * t), 28, 170, 28, "#f2f2f2", "#666666");
    picture.write(x_of(2 * t) + 85, 47, text("token ", t), "middle");
  }
  for (Index choice = 0; choice < plan.row.size(); ++choice) {
    const Index row = plan.row[choice];
    const auto expert = std::size_t(routing.experts[choice]);
    picture.box(x_of(choice), 88, 75, 28, kColours[expert], "#666666");
    picture.write(x_of(choice) + 37.5, 107, text("expert ", expert), "middle");
    picture.arrow(x_of(choice) + 37.5, 120, x_of(row) + 37.5, 174, "#666666");
    picture.box(x_of(row), 178, 75, 28, kColours[expert], "#666666");
    picture.write(x_of(row) + 37.5, 197, text("token ", plan.token[row]), "middle");
  }
  for (std::size_t e = 0; e < 3; ++e) {
    const double left = x_of(plan.begin[e]), right = x_of(plan.begin[e + 1] - 1) + 75;
    picture.box(left, 243, right - left, 28, kColours[e], "#666666");
    picture.write((left + right) / 2, 262, text("expert ", e, ": one product"), "middle");
    picture.write(left, 291, text("begin[", e, "] = ", plan.begin[e]));
  }
  picture.save("sorting.svg");
}

std::string shade(double share) {  // white to dark blue
  const auto part = [&](double dark) {
    return int(255 - (255 - dark) * std::min(share / 70, 1.0));
  };
  char out[8];
  std::snprintf(out, sizeof out, "#%02x%02x%02x", part(8), part(81), part(156));
  return out;
}

// The lines of demo.txt below "Layer 0: ...", such as
//   en lists   12   33   15   16   26   65    9   22
void experts() {
  std::ifstream demo(SEEKLING_CHAPTER "/demo.txt");
  check(demo.good(), SEEKLING_CHAPTER, "/demo.txt: cannot be read");
  Svg picture(760, 200);
  int layer = -1, row = 0;
  for (std::string line; std::getline(demo, line) && !line.starts_with("Held-out");) {
    if (line.starts_with("Layer")) {
      ++layer, row = 0;
      picture.write(110 + 330. * layer, 18, text("layer ", layer));
      for (int e = 0; e < 8; ++e) picture.write(127 + 330. * layer + 36 * e, 40, text(e), "middle");
    } else if (line.starts_with("en ") || line.starts_with("ja ")) {
      if (layer == 0) picture.write(12, 70 + 36. * row, line.substr(0, 8));
      std::istringstream numbers(line.substr(8));
      for (int e = 0, share = 0; numbers >> share; ++e) {
        const double x = 110 + 330. * layer + 36 * e, y = 48 + 36. * row;
        picture.box(x, y, 34, 34, shade(share), "#cccccc");
        picture.write(x + 17, y + 22, text(share), "middle", share > 35 ? "white" : "black");
      }
      ++row;
    }
  }
  picture.save("experts.svg");
}

}  // namespace

int main() {
  sorting();
  experts();
}
