// How a gradient flows into a tensor's gradient: the first one may be stored, all later
// ones are added. Storing saves filling the gradient with zeros and reading them back, half
// of the memory traffic of an op that only moves numbers.
#pragma once

#include "tensor/tensor.h"

namespace seekling {

enum class Accumulate { kNo, kYes };  // C = ..., C += ...

// Ask before the View is taken, which fills with zeros a gradient that nothing has flowed into.
// Whoever is told kNo must store every number.
inline Accumulate flow_into(const Tensor& gradient) {
  return gradient.claim() ? Accumulate::kNo : Accumulate::kYes;
}

// to = or += from, two Eigen expressions.
template <class To, class From>
void flow(To&& to, const From& from, Accumulate accumulate) {
  if (accumulate == Accumulate::kYes) {
    to += from;
  } else {
    to = from;
  }
}

}  // namespace seekling
