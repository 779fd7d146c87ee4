// Loops over the rows of a step of inference. The bits of a row depend on that row only, so they
// are kernel()'s loops, not Eigen's: the order of Eigen's sums depends on where a row begins
// in memory.
#pragma once

#include "core/parallel.h"
#include "quant/kernel.h"
#include "tensor/tensor.h"

namespace seekling {

// f(i) for each of n rows. Rows of a decoding step are few and short: one thread. The rows
// of a prompt are divided among threads.
template <class F>
void each_row(Index n, F&& f) {
  parallel_for(n, /*grain=*/16, f);
}

// RMSNorm of each row of x [N,D].
inline Tensor normed(View x, const Tensor& gain, real eps) {
  const Tensor y({x.rows, x.cols});
  each_row(x.rows, [=, to = y.view(), g = gain.data()](Index i) {
    kernel().rms_norm(&to(i, 0), &x(i, 0), g, x.cols, eps);
  });
  return y;
}

// y += x
inline void add_rows(View y, View x) {
  each_row(y.rows, [=](Index i) { y.row(i) += x.row(i); });
}

inline Tensor copied(const Tensor& x) {
  const Tensor y = Tensor::like(x);
  y.view().matrix() = x.view().matrix();
  return y;
}

}  // namespace seekling
