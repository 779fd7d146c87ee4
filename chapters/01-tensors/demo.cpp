// Chapter 1. Windows onto numbers, gradients that flow back along a tape, and finite differences that catch a wrong one.
#include <cmath>
#include <cstdio>
#include <sstream>

#include "ops/add.h"
#include "ops/linear.h"
#include "tensor/tape.h"

using namespace seekling;

static std::string shape_of(const Tensor& x) {
  std::ostringstream out;
  out << x.shape();
  return out.str();
}

// y = x³, element by element; its derivative 3 x² times `wrong`.
static Tensor cube(const Tensor& x, double wrong) {
  const Tensor y = Tensor::like(x);
  for (Index i = 0; i < x.size(); ++i) y.data()[i] = real(std::pow(x.data()[i], 3));
  record("cube", {x}, {y}, [x, dx = x.grad(), dy = y.grad(), wrong] {
    for (Index i = 0; i < x.size(); ++i) dx.data()[i] += real(wrong * 3 * x.data()[i] * x.data()[i]) * dy.data()[i];
  });
  return y;
}

static Tensor sum(const Tensor& x) {
  const Tensor y = Tensor::zeros({1});
  for (Index i = 0; i < x.size(); ++i) *y.data() += x.data()[i];
  record("sum", {x}, {y}, [dx = x.grad(), dy = y.grad()] {
    for (Index i = 0; i < dx.size(); ++i) dx.data()[i] += *dy.data();
  });
  return y;
}

int main() {
  const real numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const Tensor x = Tensor::of({3, 4}, numbers);
  const auto [left, right] = split_at(x, 1);
  std::printf("x      %-7s rows lie %td apart\n", shape_of(x).c_str(), x.ld());
  std::printf("left   %-7s rows lie %td apart\n", shape_of(left).c_str(), left.ld());
  std::printf("right  %-7s rows lie %td apart\n", shape_of(right).c_str(), right.ld());
  right.view()(2, 0) = 90;
  std::printf("right(2, 0) = 90 makes x(2, 1) = %g\n", double(x.view()(2, 1)));

  Rng rng(1);
  const Tensor W = Tensor::randn({2, 4}, rng);
  Tape tape;
  const Tensor loss = sum(add(linear(x, W), linear(x, W)));  // W is used twice
  std::printf("\nthe tape has %td entries\n", tape.size());
  tape.backward(loss);
  std::printf("and %td when it has been played\ndW(0, :) =", tape.size());
  for (Index k = 0; k < 4; ++k) std::printf(" %g", double(W.grad().view()(0, k)));
  std::printf("\ntwice the sums of x's columns: %g %g %g %g\n", 2. * (0 + 4 + 8), 2. * (1 + 5 + 90), 2. * (2 + 6 + 10),
              2. * (3 + 7 + 11));

  std::printf(
      "\nd x³ at x = 1.5, where it is 6.75\n     h   (f(x+h) - f(x-h)) / 2h    off by   (f(x+h) - f(x)) / h   off "
      "by\n");
  for (const double h : {0.1, 0.01, 0.001}) {
    const auto f = [](double v) { return std::pow(v, 3); };
    const double central = (f(1.5 + h) - f(1.5 - h)) / (2 * h), forward = (f(1.5 + h) - f(1.5)) / h;
    std::printf("%6g   %24.6f  %.1e   %19.6f  %.1e\n", h, central, central - 6.75, forward, forward - 6.75);
  }

  std::printf("\na gradient that is ... times the right one   is it off by more than 1e-7 of itself?\n");
  for (const double wrong : {1.0, 1.002, 1.000001}) {
    const Tensor at = Tensor::randn({5}, rng);
    Tape one;
    one.backward(sum(cube(at, wrong)));
    double worst = 0;
    for (Index i = 0; i < at.size(); ++i) {
      const auto f = [&](double v) { return std::pow(v, 3); };
      const double v = double(at.data()[i]), numeric = (f(v + 1e-5) - f(v - 1e-5)) / 2e-5;
      worst = std::max(worst, std::abs(numeric - double(at.grad().data()[i])) / std::max(std::abs(numeric), 1e-3));
    }
    std::printf("%-42.8g %s\n", wrong, worst > 1e-7 ? "yes" : "no");
  }
}
