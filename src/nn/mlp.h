// The dense feed-forward layer. All shared experts together are one such layer of their total
// width.
#pragma once

#include "nn/feed_forward.h"

namespace seekling {

struct Mlp : FeedForward {
  Mlp() = default;
  Mlp(Index hidden_size, Index width);

  Tensor forward(const Tensor& x) const;
  Tensor forward(const Tensor& x, const Context&, Losses&) const override { return forward(x); }
  std::unique_ptr<FeedForward> pack(Format format) const override;
  WeightBytes weight_bytes() const override;
  void parameters(const std::string& at, const Visitor& visit) const override;
  GgufNames gguf_names() const override;

  // gate_proj and up_proj stacked, so that both products are one GEMM. The checkpoint's two tensors
  // are its halves.
  Linear gate_up;  // [2·width,hidden_size]
  Linear down_proj;
  Tensor gate_proj() const { return gate_up.weight.slice(0, gate_up.weight.dim(0) / 2); }
  Tensor up_proj() const {
    return gate_up.weight.slice(gate_up.weight.dim(0) / 2, gate_up.weight.dim(0) / 2);
  }
};

}  // namespace seekling
