// A non-owning matrix view: rows x cols, with consecutive rows `ld` elements apart. Kernels take
// Views by value; a View never owns, allocates or checks. GPU kernels may call the constexpr
// functions.
#pragma once

#include <Eigen/Core>

#include "core/real.h"

namespace seekling {

using Row = Eigen::Matrix<real, 1, Eigen::Dynamic>;
using Matrix = Eigen::Matrix<real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowMap = Eigen::Map<Row>;
using MatrixMap = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;

struct View {
  real* data = nullptr;
  Index rows = 0, cols = 0, ld = 0;

  constexpr real& operator()(Index i, Index j) const { return data[i * ld + j]; }
  constexpr real& operator[](Index i) const { return data[i]; }  // if contiguous
  RowMap row(Index i) const { return {data + i * ld, cols}; }
  RowMap vector() const { return {data, rows * cols}; }  // if contiguous
  MatrixMap matrix() const { return {data, rows, cols, Eigen::OuterStride<>(ld)}; }
  constexpr View block(Index i, Index j, Index n, Index m) const {
    return {data + i * ld + j, n, m, ld};
  }
  constexpr View middle_rows(Index i, Index n) const { return block(i, 0, n, cols); }
  constexpr bool contiguous() const { return rows <= 1 || ld == cols; }
};

}  // namespace seekling
