// A feed-forward layer of any kind: dense (nn/mlp.h) or a mixture of experts (experts/moe.h).
#pragma once

#include <memory>
#include <string>

#include "nn/context.h"
#include "nn/parameters.h"
#include "quant/format.h"

namespace seekling {

struct Losses;  // experts/losses.h

// Such a layer prepared for inference: a copy of its weights, packed.
struct PackedFeedForward {
  virtual ~PackedFeedForward() = default;
  virtual void add_to(View h, View x) const = 0;  // h += FFN(x)             h, x [N,hidden_size]

  virtual Index weight_bytes() const = 0;
  virtual Index weight_bytes_per_token() const = 0;  // of the weights that one token reads
};

struct FeedForward {
  virtual ~FeedForward() = default;

  // x [B,T,hidden_size], same shape out. A mixture of experts leaves its Routing and its balance
  // loss in losses.
  virtual Tensor forward(const Tensor& x, const Context& context, Losses& losses) const = 0;
  virtual std::unique_ptr<PackedFeedForward> pack(Format format) const = 0;
  virtual void parameters(const std::string& at, const Visitor& visit) const = 0;
  virtual GgufNames gguf_names() const = 0;  // after "mlp."
};

}  // namespace seekling
