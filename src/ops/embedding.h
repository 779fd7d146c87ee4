// Rows of a table, by token id.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace seekling {

// ids: B·T of them, each in [0, V); table [V,D] -> [B,T,D]. An id outside the table
// is an Error that names it.
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
