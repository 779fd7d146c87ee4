// A feed-forward layer of any kind: dense (nn/mlp.h) or a mixture of experts (experts/moe.h).
#pragma once

#include <memory>
#include <string>

#include "nn/context.h"
#include "nn/linear.h"
#include "nn/parameters.h"

namespace seekling {

struct Losses;  // experts/losses.h

struct FeedForward {
  virtual ~FeedForward() = default;

  // x [B,T,hidden_size] to the same shape. A mixture of experts adds its Routing and its balance
  // loss to losses.
  virtual Tensor forward(const Tensor& x, const Context& context, Losses& losses) const = 0;
  // A copy with packed weights, for inference on a CPU.
  virtual std::unique_ptr<FeedForward> pack(Format format) const = 0;
  virtual WeightBytes weight_bytes() const = 0;  // of a packed copy
  virtual void parameters(const std::string& at, const Visitor& visit) const = 0;
  virtual GgufNames gguf_names() const = 0;  // after "mlp."
};

}  // namespace seekling
