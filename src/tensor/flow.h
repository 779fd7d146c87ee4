// How an op writes to a tensor's gradient: the first contribution may be stored, all later
// ones are added. Storing avoids filling the gradient with zeros and reading them back, which is
// half of the memory traffic of an op that only copies values.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

enum class Accumulate { kNo, kYes };  // C = ..., C += ...

// Call this before taking the gradient's View: taking the View zero-fills an untouched gradient.
// If it returns kNo, the caller must overwrite every element.
inline Accumulate flow_into(const Tensor& gradient) {
  return gradient.claim() ? Accumulate::kNo : Accumulate::kYes;
}

// to = from or to += from, for Eigen expressions.
template <class To, class From>
void flow(To&& to, const From& from, Accumulate accumulate) {
  if (accumulate == Accumulate::kYes) {
    to += from;
  } else {
    to = from;
  }
}

}  // namespace seekling
