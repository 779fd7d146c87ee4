// The path of tokens through experts: dispatch to them, a linear layer of each, and combine their answers.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/router.h"
#include "tensor/tensor.h"

namespace seekling {

// Which row of the sorted batch belongs to which (token, choice). Rows are sorted by expert, then by token, so that each
// expert's rows lie together: expert e has the rows begin[e] .. begin[e+1]-1. A choice that is dropped has no row, so there
// are R = N·K rows or fewer.
struct Plan {
  static constexpr std::int32_t kDropped = -1;

  Index K = 1;
  std::vector<Index> begin;         // [E+1]
  std::vector<std::int32_t> token;  // [R] of each row
  std::vector<std::int32_t> row;    // [N,K] of each token's choices, or kDropped

  // dropped [N,K], as dropped_choices gives it, or empty.
  explicit Plan(const Routing& routing, const std::vector<char>& dropped = {});
};

Tensor dispatch(const Tensor& x, const Plan& plan);                         // x [N,D] -> [R,D]
Tensor grouped_linear(const Tensor& x, const Tensor& W, const Plan& plan);  // [R,in], W [E,out,in] -> [R,out]
Tensor combine(const Tensor& y, const Tensor& g, const Plan& plan);         // [R,D], g [N,K] -> [N,D]

}  // namespace seekling
