// Appending to a contiguous cache: the rows of new tokens follow the rows that it holds.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

// held[length + t] = fresh[t]               held [1,capacity,heads,width]   fresh [1,T,heads,width]
// There must be room. No backward.
void append(const Tensor& held, const Tensor& fresh, Index length);

using AppendRows = void(View held, View fresh, Index row);
namespace cpu {
AppendRows append_rows;
}
namespace cuda {
AppendRows append_rows;
}

}  // namespace seekling
