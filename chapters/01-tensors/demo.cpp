// Chapter 1. Windows onto numbers, gradients that flow back along a tape, and finite differences
// that catch a wrong one.
#include <cmath>
#include <cstdio>

#include "core/check.h"
#include "ops/add.h"
#include "ops/linear.h"
#include "tensor/tape.h"

using namespace seekling;

// y = x³, element by element; its derivative 3 x² times `wrong`.
static Tensor cube(const Tensor& x, double wrong) {
  const Tensor y = Tensor::like(x);
  y.view().vector() = x.view().vector().array().cube();
  record("cube", {x}, {y}, [x, dx = x.grad(), dy = y.grad(), wrong] {
    dx.view().vector().array() +=
        real(wrong) * 3 * x.view().vector().array().square() * dy.view().vector().array();
  });
  return y;
}

static Tensor sum(const Tensor& x) {
  const Tensor y = Tensor::zeros({1});
  *y.data() = x.view().vector().sum();
  record("sum", {x}, {y},
         [dx = x.grad(), dy = y.grad()] { dx.view().vector().array() += dy.item(); });
  return y;
}

int main() {
  const Tensor x = Tensor::of({3, 4}, std::vector<real>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const auto [left, right] = split_at(x, 1);
  for (const auto& [name, t] : {std::pair("x", x), {"left", left}, {"right", right}})
    std::printf("%-6s %-7s rows lie %td apart\n", name, text(t.shape()).c_str(), t.ld());
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
  std::printf("\ntwice the sums of x's columns:");
  for (Index k = 0; k < 4; ++k) std::printf(" %g", 2 * double(x.view().matrix().col(k).sum()));

  const auto f = [](double v) { return v * v * v; };
  const auto central = [&](double v, double h) { return (f(v + h) - f(v - h)) / (2 * h); };
  std::printf("\n\nd x³ at x = 1.5, where it is 6.75\n");
  std::printf("     h   (f(x+h) - f(x-h)) / 2h    off by   (f(x+h) - f(x)) / h   off by\n");
  for (const double h : {0.1, 0.01, 0.001}) {
    const double both = central(1.5, h), forward = (f(1.5 + h) - f(1.5)) / h;
    std::printf("%6g   %24.6f  %.1e   %19.6f  %.1e\n", h, both, both - 6.75, forward,
                forward - 6.75);
  }

  std::printf(
      "\na gradient that is ... times the right one   is it off by more than 1e-7 of itself?\n");
  for (const double wrong : {1.0, 1.002, 1.000001}) {
    const Tensor at = Tensor::of({1}, std::vector<real>{1.5});
    Tape one;
    one.backward(cube(at, wrong));
    std::printf("%-42.8g %s\n", wrong,
                std::abs(at.grad().item() / central(1.5, 1e-5) - 1) > 1e-7 ? "yes" : "no");
  }
}
