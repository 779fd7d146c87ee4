#include "attention/append.h"

#include "core/check.h"

namespace seekling {

void cpu::append_rows(View held, View fresh, Index row) {
  held.middle_rows(row, fresh.rows).matrix() = fresh.matrix();
}

void append(const Tensor& held, const Tensor& fresh, Index length) {
  check(held.dim(2) == fresh.dim(2) && held.cols() == fresh.cols(), "append: ", fresh.shape(),
        " has not the heads and the width of the cache ", held.shape());
  on(held.device(), cpu::append_rows, cuda::append_rows)(held, fresh, length * held.dim(2));
}

}  // namespace seekling
