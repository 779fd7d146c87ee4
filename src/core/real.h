// The two number types that every directory shares.
//
// `real` is float, as in training. Each numeric directory is also built with `real = double`
// (SEEKLING_DOUBLE), because a hand-written derivative that is 0.2 % wrong passes a
// finite-difference check in float and fails one in double.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seekling {

#ifdef SEEKLING_DOUBLE
using real = double;
#else
using real = float;
#endif

using Index = std::ptrdiff_t;  // signed, as Eigen's: sizes, rows, columns, offsets

}  // namespace seekling
