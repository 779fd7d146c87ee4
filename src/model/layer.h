// A layer of the model: attention and feed-forward in a residual connection. Another kind of
// residual connection is another implementation of this interface; block.h is that of V2 and V3.
#pragma once

#include <memory>
#include <string>

#include "attention/layer.h"
#include "experts/losses.h"
#include "nn/context.h"
#include "nn/feed_forward.h"

namespace seekling {

struct PackedLayer {  // prepared for inference
  virtual ~PackedLayer() = default;

  // h [N,hidden_size], a row for each token of the step. All tokens go into the cache of layer
  // `layer`; the last step.wanted rows of h become the layer's output, and the others are left.
  virtual void decode(View h, Index layer, Step& step) const = 0;
  virtual Segments segments() const = 0;  // of a token's row in the cache

  virtual Index weight_bytes() const = 0;
  virtual Index weight_bytes_per_token() const = 0;  // of the weights that one token reads
};

struct Layer {
  virtual ~Layer() = default;

  // h [B,T,hidden_size], same shape out
  virtual Tensor forward(const Tensor& h, const Context& context, Losses& losses) const = 0;
  // h [1,T,hidden_size]: T tokens that follow those in the cache
  virtual Tensor decode(const Tensor& h, const Context& context, Losses& losses,
                        Cache& cache) const = 0;
  virtual Cache make_cache(Index capacity) const = 0;
  virtual const Attention& attention() const = 0;

  virtual std::unique_ptr<PackedLayer> pack(const Precision& precision) const = 0;
  virtual void parameters(const std::string& at, const Visitor& visit) const = 0;
  virtual GgufNames gguf_names() const = 0;
};

}  // namespace seekling
