// The path of tokens through the experts: dispatch, a linear layer of each expert, combine.
//
//   N = 3 tokens, K = 2 choices each; token 0 chose experts 0 and 2, token 1: 0, 1; token 2: 1, 2
//
//   x [N,D]   dispatch   xs [R,D]                   ys [R,D]   combine           y [N,D]
//   x_0                  x_0 ┐                      ┌ ys_0     y_0 = g_00 ys_0 + g_01 ys_4
//   x_1       ───────▶   x_1 ┴─▶ FFN of expert 0 ─▶ ┴ ys_1     y_1 = g_10 ys_1 + g_11 ys_2
//   x_2                  x_1 ┐                      ┌ ys_2     y_2 = g_20 ys_3 + g_21 ys_5
//             each row   x_2 ┴─▶ FFN of expert 1 ─▶ ┴ ys_3
//             is copied  x_0 ┐                      ┌ ys_4     begin = 0 2 4 6
//             K times    x_2 ┴─▶ FFN of expert 2 ─▶ ┴ ys_5     row   = [0 4] [1 2] [3 5]
#pragma once

#include <vector>

#include "experts/router.h"
#include "quant/packed.h"
#include "tensor/flow.h"
#include "tensor/tensor.h"

namespace seekling {

// The row of each (token, choice) in the sorted batch. Rows are sorted by expert, then by token, so
// each expert has consecutive rows: expert e has rows begin[e] .. begin[e+1]-1. A dropped choice
// has no row, so R <= N·K.
struct Plan {
  static constexpr std::int32_t kDropped = -1;

  Index K = 1;
  Ints begin;       // [E+1]
  Ints token;       // [R] the token of each row
  Ints row;         // [N,K] the row of each token's choices, or kDropped
  Ints first_tile;  // [E+1] GPU: each expert's first tile of rows in the grouped products

  // dropped [N,K]: the result of dropped_choices, or empty.
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
