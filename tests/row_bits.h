// The rule of inference: the bits of a row depend on that row alone, not on the rows that are
// computed with it, nor on where it begins in memory.
#pragma once

#include <gtest/gtest.h>

#include "tensor/tensor.h"

namespace seekling {

// f(x) for x [N,D], and for each row of x alone.
template <class F>
void expect_rows_alone(F&& f, const Tensor& x) {
  const Tensor together = f(x);
  for (Index i = 0; i < x.rows(); ++i) {
    const Tensor row({1, x.cols()});
    row.view().matrix() = x.view().middle_rows(i, 1).matrix();
    EXPECT_TRUE(f(row).view().matrix() == together.view().middle_rows(i, 1).matrix()) << i;
  }
}

}  // namespace seekling
