// Reshapes between [B,T,H·d] and [B,T,H,d], without a copy.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

inline Tensor heads(const Tensor& x, Index H) {
  return x.reshape({x.dim(0), x.dim(1), H, x.cols() / H});
}
inline Tensor merge(const Tensor& x) {
  return x.reshape({x.dim(0), x.dim(1), x.dim(2) * x.cols()});
}

}  // namespace seekling
