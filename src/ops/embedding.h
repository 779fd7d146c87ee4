// Table look-up: the rows of the given token ids.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace seekling {

// ids: B·T values in [0, V); table [V,D] -> [B,T,D]. Error, naming the id, for an id outside.
Tensor embedding(std::span<const std::int32_t> ids, const Tensor& table, Index B, Index T);

using EmbeddingForward = void(View y, View table, std::span<const std::int32_t> ids);
using EmbeddingBackward = void(View dtable, View dy, std::span<const std::int32_t> ids);
namespace cpu {
EmbeddingForward embedding_forward;
EmbeddingBackward embedding_backward;
}  // namespace cpu
namespace cuda {
EmbeddingForward embedding_forward;
EmbeddingBackward embedding_backward;
}  // namespace cuda

}  // namespace seekling
