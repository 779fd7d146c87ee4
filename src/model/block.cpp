// A pre-norm transformer block. DeepSeek-V2 (arXiv:2405.04434) Fig. 2.
//   h ← h + Attention(RMSNorm(h)),  h ← h + FFN(RMSNorm(h))
#include "model/block.h"

#include "ops/add.h"
#include "tensor/tape.h"

namespace seekling {

Block::Block(const Config& config, std::unique_ptr<Attention> attention,
             std::unique_ptr<FeedForward> feed_forward)
    : Block(RmsNorm(config.hidden_size, config.rms_norm_eps),
            RmsNorm(config.hidden_size, config.rms_norm_eps), std::move(attention),
            std::move(feed_forward)) {}

Block::Block(RmsNorm before_attention, RmsNorm before_feed_forward,
             std::unique_ptr<Attention> attention, std::unique_ptr<FeedForward> feed_forward)
    : input_layernorm(std::move(before_attention)),
      post_attention_layernorm(std::move(before_feed_forward)), self_attn(std::move(attention)),
      mlp(std::move(feed_forward)) {}

Tensor Block::feed_forward(const Tensor& h, const Context& context, Losses& losses) const {
  const Tensor y = mlp->forward(post_attention_layernorm(h), context.at("mlp"), losses);
  return add(h, context.observe("mlp", y));
}

Tensor Block::forward(const Tensor& h, const Context& context, Losses& losses) const {
  const Tensor x = input_layernorm(h);
  const Tensor u = self_attn->forward(x, context.at("self_attn"));
  const Tensor y = feed_forward(add(h, context.observe("self_attn", u)), context, losses);
  layer_is_done();
  return context.observe(y);
}

Tensor Block::decode(const Tensor& h, LayerCache& cache) const {
  const Tensor u = self_attn->decode(input_layernorm(h), cache);
  if (u.size() == 0) return u;
  Context context;
  context.want_balance_loss = false;
  Losses losses;
  return feed_forward(add(cache.wanted(h), u), context, losses);
}

void Block::parameters(const std::string& at, const Visitor& visit) const {
  visit(at + ".input_layernorm.weight", input_layernorm.weight);
  self_attn->parameters(at + ".self_attn", visit);
  visit(at + ".post_attention_layernorm.weight", post_attention_layernorm.weight);
  mlp->parameters(at + ".mlp", visit);
}

GgufNames Block::gguf_names() const {
  GgufNames names{{"input_layernorm.weight", "attn_norm.weight"},
                  {"post_attention_layernorm.weight", "ffn_norm.weight"}};
  for (const auto& [name, gguf] : self_attn->gguf_names())
    names.emplace_back("self_attn." + name, gguf);
  for (const auto& [name, gguf] : mlp->gguf_names()) names.emplace_back("mlp." + name, gguf);
  return names;
}

std::unique_ptr<Layer> Block::pack(const Precision& precision) const {
  return std::make_unique<Block>(input_layernorm.copy(), post_attention_layernorm.copy(),
                                 self_attn->pack(precision), mlp->pack(precision.weights));
}

WeightBytes Block::weight_bytes() const {
  WeightBytes sum = self_attn->weight_bytes();
  sum += mlp->weight_bytes();
  return sum;
}

}  // namespace seekling
