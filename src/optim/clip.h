// The global norm of the gradients, and the pieces by which threads share a loop
// over all parameters.
#pragma once

#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

// Parameters are of very different sizes, an embedding beside a norm's gain; pieces are alike,
// and where they begin depends on the shapes alone.
constexpr Index kPiece = 4096;  // parameter, gradient, both moments: 64 KiB, within any L2 cache
struct Piece {
  std::size_t parameter;
  Index begin, n;  // numbers [begin, begin + n) of it; n <= kPiece
};
std::vector<Index> sizes_of(std::span<const Tensor> parameters);  // each contiguous in memory
std::vector<Piece> pieces_of(std::span<const Index> sizes);

// The square root of the sum of squares over all gradients together. A parameter without
// a gradient counts as 0.
double gradient_norm(std::span<const Tensor> parameters);

using GradientNorm = double(std::span<const Tensor> parameters);
namespace cpu {
GradientNorm gradient_norm;
}
namespace cuda {
GradientNorm gradient_norm;
}

// What gradients of this norm are multiplied by, so that their norm is at most max_norm;
// a max_norm of 0 never clips.
double clip_factor(double norm, double max_norm);

void clear_gradients(std::span<const Tensor> parameters);

}  // namespace seekling
