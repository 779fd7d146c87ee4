// The path of tokens through experts: dispatch to them, a linear layer of each, and combine their answers.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/router.h"
#include "tensor/tensor.h"

namespace seekling {

// Which row of the sorted batch belongs to which (token, choice). Rows are sorted by expert, then by token, so that each
// expert's rows lie together: expert e has the rows begin[e] .. begin[e+1]-1.
struct Plan {
  Index K = 1;
  std::vector<Index> begin;         // [E+1]
  std::vector<std::int32_t> token;  // [N·K] of each row
  std::vector<std::int32_t> row;    // [N,K] of each token's choices

  explicit Plan(const Routing& routing);
};

Tensor dispatch(const Tensor& x, const Plan& plan);                                  // x [N,D] -> [N·K,D]
Tensor grouped_linear(const Tensor& x, const Tensor& W, const Plan& plan);           // [N·K,in], W [E,out,in] -> [N·K,out]
Tensor combine(const Tensor& y, const Tensor& g, const Plan& plan);                  // [N·K,D], g [N,K] -> [N,D]

}  // namespace seekling
