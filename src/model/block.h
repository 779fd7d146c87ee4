// One layer of the model: attention, then feed-forward, each behind a norm and added
// to the residual stream.
#pragma once

#include <memory>
#include <variant>

#include "attention/layer.h"
#include "experts/moe.h"
#include "nn/config.h"
#include "nn/context.h"
#include "nn/mlp.h"

namespace seekling {

struct Block {
  Block(const Config& config, Index layer);

  // h [B,T,hidden_size], same shape out
  Tensor forward(const Tensor& h, const Context& context, Losses& losses) const;
  Tensor decode(const Tensor& h, const Context& context, Losses& losses,
                Cache& cache) const;  // h [1,T,D]: T tokens more
  Cache make_cache(Index capacity) const;
  void parameters(const std::string& at, const Visitor& visit) const;

  RmsNorm input_layernorm, post_attention_layernorm;
  std::unique_ptr<Attention> self_attn;
  std::variant<Mlp, MoE> mlp;

 private:
  Tensor feed_forward(const Tensor& h, const Context& context, Losses& losses) const;
};

}  // namespace seekling
