// What a cache does: new tokens' rows go behind the ones that it holds.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

// held[length + t] = fresh[t]               held [1,capacity,heads,width]   fresh [1,T,heads,width]
// There must be room. No gradient flows back.
void append(const Tensor& held, const Tensor& fresh, Index length);

using AppendRows = void(View held, View fresh, Index row);
namespace cpu {
AppendRows append_rows;
}
namespace cuda {
AppendRows append_rows;
}

}  // namespace seekling
