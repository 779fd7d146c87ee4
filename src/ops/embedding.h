// Rows of a table, by token id.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace seekling {

// ids: B·T of them, each in [0, V); table [V,D] -> [B,T,D]. An id outside the table is an Error that names it.
Tensor embedding(std::span<const std::int32_t> ids, const Tensor& table, Index B, Index T);

}  // namespace seekling
