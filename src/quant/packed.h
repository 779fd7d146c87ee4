// Weights packed for inference: y = x Wᵀ with W stored in the order in which the product reads it.
//
// W [out,in] is cut into panels of 32 outputs; in a panel the weights of one input, or of one block
// of inputs, are adjacent. A row of y needs no sums across lanes, memory is read sequentially, and
// any number of rows of x use the same panels with the same bits. A decoding step reads every
// weight once for one row of x, so memory bandwidth is the limit, and a format with half the bytes
// is twice as fast.
#pragma once

#include <span>
#include <vector>

#include "quant/format.h"
#include "tensor/tensor.h"

namespace seekling {

// A stack of matrices [out,in] of one shape: a layer's experts, the heads of W^UK, or a single one.
class Packed {
 public:
  Packed() = default;
  Packed(Format format, const std::vector<View>& matrices);
  Packed(Format format, const Tensor& W);  // [out,in], or a stack [count,out,in]

  Format format = Format::kF32;
  Index count = 0, out = 0, in = 0;

  bool defined() const { return count > 0; }
  Index bytes() const { return Index(lines.size() * sizeof(Line)); }
  Index panels() const;       // of one matrix
  Index panel_bytes() const;  // of one panel
  const std::byte* panel(Index matrix, Index p) const;

 private:
  PooledLines lines;
};

struct PackedProduct {  // y = x W_matrixᵀ                            x [n,in]   y [n,out]
  View y, x;
  const Packed* w;
  Index matrix = 0;
};

// Computes all products of the group in one parallel loop. Their y must not overlap, and their
// formats must be equal. The bits of a row of y depend only on that row of x and on W.
void multiply(std::span<const PackedProduct> group);
void multiply(View y, View x, const Packed& w);
Tensor linear(const Tensor& x, const Packed& w);  // x [..,in] -> y [..,out]

}  // namespace seekling
