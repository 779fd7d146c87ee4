// A layer of the model: attention and feed-forward with residual connections. Other kinds of
// residual connection can implement this interface; block.h implements that of V2 and V3.
#pragma once

#include <memory>
#include <string>

#include "attention/layer.h"
#include "experts/losses.h"
#include "nn/context.h"
#include "nn/feed_forward.h"

namespace seekling {

struct Layer {
  virtual ~Layer() = default;

  // h [B,T,hidden_size] to the same shape.
  virtual Tensor forward(const Tensor& h, const Context& context, Losses& losses) const = 0;
  // h [1,N,hidden_size]: the tokens of a step, which follow those in the cache. Returns the output
  // of the wanted tokens, [1,n,hidden_size].
  virtual Tensor decode(const Tensor& h, LayerCache& cache) const = 0;
  virtual const Attention& attention() const = 0;

  // A copy with packed weights for inference on a CPU, which can only decode.
  virtual std::unique_ptr<Layer> pack(const Precision& precision) const = 0;
  virtual WeightBytes weight_bytes() const = 0;  // of a packed copy
  virtual void parameters(const std::string& at, const Visitor& visit) const = 0;
  virtual GgufNames gguf_names() const = 0;
};

}  // namespace seekling
