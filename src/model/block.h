// The transformer block of DeepSeek-V2 and V3: attention, then feed-forward, each with a norm
// before it and its output added to the residual stream.
#pragma once

#include "model/layer.h"
#include "nn/config.h"
#include "nn/linear.h"

namespace seekling {

struct Block : Layer {
  Block(const Config& config, std::unique_ptr<Attention> attention,
        std::unique_ptr<FeedForward> feed_forward);
  Block(RmsNorm before_attention, RmsNorm before_feed_forward, std::unique_ptr<Attention> attention,
        std::unique_ptr<FeedForward> feed_forward);

  Tensor forward(const Tensor& h, const Context& context, Losses& losses) const override;
  Tensor decode(const Tensor& h, LayerCache& cache) const override;
  const Attention& attention() const override { return *self_attn; }
  std::unique_ptr<Layer> pack(const Precision& precision) const override;
  WeightBytes weight_bytes() const override;
  void parameters(const std::string& at, const Visitor& visit) const override;
  GgufNames gguf_names() const override;

  RmsNorm input_layernorm, post_attention_layernorm;
  std::unique_ptr<Attention> self_attn;
  std::unique_ptr<FeedForward> mlp;

 private:
  Tensor feed_forward(const Tensor& h, const Context& context, Losses& losses) const;
};

}  // namespace seekling
