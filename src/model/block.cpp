// A pre-norm transformer block. DeepSeek-V2 (arXiv:2405.04434) Fig. 2.
//   h ← h + Attention(RMSNorm(h)),  h ← h + FFN(RMSNorm(h))
#include "model/block.h"

#include "ops/add.h"
#include "tensor/tape.h"

namespace seekling {

static std::variant<Mlp, MoE> make_feed_forward(const Config& config, Index layer) {
  if (config.is_moe(layer)) return MoE(config);
  return Mlp(config.hidden_size, config.intermediate_size);
}

Block::Block(const Config& config, Index layer)
    : input_layernorm(config.hidden_size, config.rms_norm_eps),
      post_attention_layernorm(config.hidden_size, config.rms_norm_eps),
      self_attn(make_attention(config)), mlp(make_feed_forward(config, layer)) {}

Tensor Block::feed_forward(const Tensor& h, const Context& context, Losses& losses) const {
  const Tensor x = post_attention_layernorm(h);
  const MoE* moe = std::get_if<MoE>(&mlp);
  const Tensor y = moe ? moe->forward(x, context.at("mlp"), losses) : std::get<Mlp>(mlp).forward(x);
  return add(h, context.observe("mlp", y));
}

Tensor Block::forward(const Tensor& h, const Context& context, Losses& losses) const {
  const Tensor x = input_layernorm(h);
  const Tensor u = self_attn->forward(x, context.at("self_attn"));
  const Tensor y = feed_forward(add(h, context.observe("self_attn", u)), context, losses);
  layer_is_done();
  return context.observe(y);
}

Tensor Block::decode(const Tensor& h, const Context& context, Losses& losses, Cache& cache) const {
  const Tensor x = input_layernorm(h);
  const Tensor u = self_attn->decode(x, cache);
  return feed_forward(add(h, u), context, losses);
}

Cache Block::make_cache(Index capacity) const { return self_attn->make_cache(capacity); }

void Block::parameters(const std::string& at, const Visitor& visit) const {
  visit(at + ".input_layernorm.weight", input_layernorm.weight);
  self_attn->parameters(at + ".self_attn", visit);
  visit(at + ".post_attention_layernorm.weight", post_attention_layernorm.weight);
  std::visit([&](const auto& feed_forward) { feed_forward.parameters(at + ".mlp", visit); }, mlp);
}

}  // namespace seekling
