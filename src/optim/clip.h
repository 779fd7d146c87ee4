// The global norm of the gradients, and the pieces into which a loop over all parameters is cut.
#pragma once

#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

// Parameters differ greatly in size, from a norm's gain to the embedding. Pieces are of similar
// size, and their bounds depend only on the shapes.
constexpr Index kPiece = 4096;  // parameter, gradient, both moments: 64 KiB, within any L2 cache
struct Piece {
  std::size_t parameter;
  Index begin, n;  // elements [begin, begin + n) of it; n <= kPiece
};
std::vector<Index> sizes_of(std::span<const Tensor> parameters);  // each contiguous in memory
std::vector<Piece> pieces_of(std::span<const Index> sizes);

// The square root of the sum of squares of all gradients. A parameter without a gradient counts as
// 0.
double gradient_norm(std::span<const Tensor> parameters);

using GradientNorm = double(std::span<const Tensor> parameters);
namespace cpu {
GradientNorm gradient_norm;
}
namespace cuda {
GradientNorm gradient_norm;
}

// The factor that reduces gradients of this norm to at most max_norm; max_norm 0 never clips.
double clip_factor(double norm, double max_norm);

void clear_gradients(std::span<const Tensor> parameters);

}  // namespace seekling
