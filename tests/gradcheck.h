// Gradients against finite differences. f maps its inputs to one number; every element
// of every input is moved by ±h and the central difference compared with what the tape says.
// In double, a sound gradient agrees to about 1e-9 of the gradient's largest element, and a formula
// that is 0.2 % wrong does not; in float the check is only a smoke test.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "refusal.h"
#include "tensor/tape.h"
#include "tensor/tensor.h"

namespace seekling {

// Σ x ⊙ c: turns any op's output into one number, with a different weight on each element.
inline Tensor dot(const Tensor& x, const Tensor& c) {
  const Tensor sum = Tensor::zeros({1});
  *sum.data() = x.view().matrix().cwiseProduct(c.view().matrix()).sum();
  record("dot", {x}, {sum}, [dx = x.grad(), c, d = sum.grad()] {
    dx.view().matrix() += *d.data() * c.view().matrix();
  });
  return sum;
}

// Random numbers in a window of a wider tensor, so that ops are also tried on rows that lie apart.
inline Tensor strided(Shape shape, Rng& rng) {
  Shape wide = shape;
  wide.back() += 3;
  return Tensor::randn(wide, rng).columns(2, shape.back());
}

inline void randomise(const std::vector<Tensor>& tensors, Rng& rng) {
  for (const Tensor& t : tensors)
    for (Index i = 0; i < t.size(); ++i) t.data()[i] = real(0.5 * rng.normal());
}

inline double gradient_tolerance() { return sizeof(real) == 8 ? 1e-7 : 2e-2; }
// Of a function with a ReLU, whose kink float's large steps may cross.
inline double tolerance_at_kinks() { return sizeof(real) == 8 ? gradient_tolerance() : 0.3; }

// The largest |analytic - numeric| of all inputs, relative to the largest |numeric|
// of that input (at least 1e-3).
inline double max_gradient_error(const std::function<Tensor()>& f,
                                 const std::vector<Tensor>& inputs) {
  for (const Tensor& x : inputs) x.clear_grad();
  {
    Tape tape;
    tape.backward(f());
  }
  const real h = sizeof(real) == 8 ? real(1e-5) : real(1e-2);
  double worst = 0;
  for (const Tensor& x : inputs) {
    double difference = 0, size = 1e-3;
    const View v = x, g = x.grad();
    for (Index i = 0; i < v.rows; ++i)
      for (Index j = 0; j < v.cols; ++j) {
        const real before = v(i, j);
        v(i, j) = before + h;
        const double above = double(f().item());
        v(i, j) = before - h;
        const double below = double(f().item());
        v(i, j) = before;
        const double numeric = (above - below) / (2 * double(h));
        difference = std::max(difference, std::abs(numeric - double(g(i, j))));
        size = std::max(size, std::abs(numeric));
      }
    worst = std::max(worst, difference / size);
  }
  return worst;
}

}  // namespace seekling
