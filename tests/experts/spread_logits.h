#pragma once

#include "tensor/tensor.h"

namespace seekling {

// Scores far apart, so that a finite difference does not cross a change of choice.
inline Tensor spread_logits(Index N, Index E) {
  const Tensor x({N, E});
  for (Index t = 0; t < N; ++t)
    for (Index e = 0; e < E; ++e) x.view()(t, e) = real(0.4) * real((e * 5 + t * 3) % E) - real(1);
  return x;
}

}  // namespace seekling
