// rates.svg: the three schedules. hats.svg: how far AdamW moves a parameter whose gradient
// is always the same, with and without the correction of its averages.
#include "optim/schedule.h"
#include "svg.h"

using namespace seekling;

namespace {

constexpr double kLeft = 60, kRight = 560, kTop = 20, kBottom = 220;

void frame(Svg& picture) {
  picture.line(kLeft, kBottom, kRight, kBottom);
  picture.line(kLeft, kBottom, kLeft, kTop);
}

void rates() {
  const char* kinds[] = {"constant", "step", "cosine"};
  const char* colours[] = {"#999999", "#c0392b", "#2471a3"};
  constexpr Index kSteps = 1000;
  Svg picture(720, 260);
  frame(picture);
  for (int k = 0; k < 3; ++k) {
    std::vector<std::pair<double, double>> points{{kLeft, kBottom}};
    for (Index step = 1; step <= kSteps; ++step) {
      const double part =
          learning_rate({.kind = kinds[k], .lr = 1, .warmup_steps = 60, .steps = kSteps}, step);
      points.emplace_back(kLeft + (kRight - kLeft) * double(step) / kSteps,
                          kBottom - (kBottom - kTop - 20) * part);
    }
    picture.curve(points, colours[k]);
    picture.line(kRight + 20, 60 + 24. * k, kRight + 44, 60 + 24. * k, colours[k], 2);
    picture.write(kRight + 50, 64 + 24. * k, kinds[k]);
  }
  picture.write(kLeft - 8, kTop + 24, "lr", "end");
  picture.write(kLeft - 8, kBottom, "0", "end");
  for (const int percent : {0, 20, 40, 60, 80, 100})
    picture.write(kLeft + (kRight - kLeft) * percent / 100, kBottom + 18, text(percent, " %"),
                  "middle");
  picture.write((kLeft + kRight) / 2, kBottom + 36, "of the run", "middle");
  picture.save("rates.svg");
}

// With a gradient of 1 at every step m = 1 - β1^t and v = 1 - β2^t, and the step
// is m/√v of the rate.
void hats() {
  constexpr double kMost = 7;
  Svg picture(720, 260);
  frame(picture);
  // The axis goes from 1 to 10000.
  const auto x_of = [](double t) { return kLeft + (kRight - kLeft) * std::log10(t) / 4; };
  const auto y_of = [](double part) { return kBottom - (kBottom - kTop) * part / kMost; };
  picture.line(kLeft, y_of(1), kRight, y_of(1), "#27ae60", 2);
  picture.line(kRight + 20, 60, kRight + 44, 60, "#27ae60", 2);
  picture.write(kRight + 50, 64, "with the hats");
  const double betas[] = {0.95, 0.999};
  const char* colours[] = {"#2471a3", "#c0392b"};
  for (int k = 0; k < 2; ++k) {
    std::vector<std::pair<double, double>> points;
    for (double exponent = 0; exponent <= 4; exponent += 0.02) {
      const double t = std::pow(10, exponent);
      points.emplace_back(x_of(t),
                          y_of((1 - std::pow(0.9, t)) / std::sqrt(1 - std::pow(betas[k], t))));
    }
    picture.curve(points, colours[k]);
    picture.line(kRight + 20, 84 + 24. * k, kRight + 44, 84 + 24. * k, colours[k], 2);
    picture.write(kRight + 50, 88 + 24. * k, text("without, ", betas[k]));
  }
  for (int part = 0; part <= 6; part += 2)
    picture.write(kLeft - 8, y_of(part) + 4, text(part), "end");
  for (const int t : {1, 10, 100, 1000, 10000})
    picture.write(x_of(t), kBottom + 18, text(t), "middle");
  picture.write((kLeft + kRight) / 2, kBottom + 36, "update t", "middle");
  picture.write(12, 14, "moved, in units of lr");
  picture.save("hats.svg");
}

}  // namespace

int main() {
  rates();
  hats();
}
