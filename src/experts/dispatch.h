// The path of tokens through experts: dispatch to them, a linear layer of each,
// and combine their answers.
#pragma once

#include <vector>

#include "experts/router.h"
#include "quant/packed.h"
#include "tensor/flow.h"
#include "tensor/tensor.h"

namespace seekling {

// Which row of the sorted batch belongs to which (token, choice). Rows are sorted by expert,
// then by token, so that each expert's rows lie together: expert e has the rows begin[e] ..
// begin[e+1]-1. A choice that is dropped has no row, so there are R = N·K rows or fewer.
struct Plan {
  static constexpr std::int32_t kDropped = -1;

  Index K = 1;
  Ints begin;       // [E+1]
  Ints token;       // [R] of each row
  Ints row;         // [N,K] of each token's choices, or kDropped
  Ints first_tile;  // [E+1], on a GPU: of the tiles of rows that the experts' products are made in

  // dropped [N,K], as dropped_choices gives it, or empty.
  explicit Plan(const Routing& routing, const std::vector<char>& dropped = {});
};

Tensor dispatch(const Tensor& x, const Plan& plan);  // x [N,D] -> [R,D]
// x [R,in], W [E,out,in] -> [R,out]
Tensor grouped_linear(const Tensor& x, const Tensor& W, const Plan& plan);
Tensor grouped_linear(const Tensor& x, const Packed& W, const Plan& plan);  // W: a stack of E
Tensor combine(const Tensor& y, const Tensor& g, const Plan& plan);  // [R,D], g [N,K] -> [N,D]

using SortByExpert = void(const Plan& filled, const Routing& routing, const Ints& dropped);
using DispatchForward = void(View xs, View x, const Plan& plan);
using DispatchBackward = void(View dx, View dxs, const Plan& plan);
using GroupedLinearForward = void(View y, View x, View W, const Plan& plan);
using GroupedLinearToW = void(View dW, Accumulate into, View dy, View x, const Plan& plan);
using GroupedLinearToX = void(View dx, Accumulate into, View dy, View W, const Plan& plan);
using CombineForward = void(View out, View y, View g, const Plan& plan);
using CombineBackward = void(View dy, Accumulate into_y, View dg, View d_out, View y, View g,
                             const Plan& plan);
namespace cpu {
SortByExpert sort_by_expert;
DispatchForward dispatch_forward;
DispatchBackward dispatch_backward;
GroupedLinearForward grouped_linear_forward;
GroupedLinearToW grouped_linear_to_W;
GroupedLinearToX grouped_linear_to_x;
CombineForward combine_forward;
CombineBackward combine_backward;
}  // namespace cpu
namespace cuda {
SortByExpert sort_by_expert;
DispatchForward dispatch_forward;
DispatchBackward dispatch_backward;
GroupedLinearForward grouped_linear_forward;
GroupedLinearToW grouped_linear_to_W;
GroupedLinearToX grouped_linear_to_x;
CombineForward combine_forward;
CombineBackward combine_backward;
}  // namespace cuda

}  // namespace seekling
