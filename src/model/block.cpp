// A pre-norm transformer block. DeepSeek-V2 (arXiv:2405.04434) Fig. 2.
//   h ← h + Attention(RMSNorm(h)),  h ← h + FFN(RMSNorm(h))
#include "model/block.h"

#include "ops/add.h"
#include "tensor/tape.h"

namespace seekling {

static std::variant<MLA, GQA> make_attention(const Config& config) {
  if (config.attention == "mla") return MLA(config);
  return GQA(config);
}

static std::variant<Mlp, MoE> make_feed_forward(const Config& config, Index layer) {
  if (config.is_moe(layer)) return MoE(config);
  return Mlp(config.hidden_size, config.intermediate_size);
}

Block::Block(const Config& config, Index layer)
    : input_layernorm(config.hidden_size, config.rms_norm_eps),
      post_attention_layernorm(config.hidden_size, config.rms_norm_eps),
      self_attn(make_attention(config)), mlp(make_feed_forward(config, layer)) {}

Tensor Block::feed_forward(const Tensor& h, Pass& pass) const {
  const Tensor x = post_attention_layernorm(h);
  const MoE* moe = std::get_if<MoE>(&mlp);
  const Tensor y = moe ? moe->forward(x, pass) : std::get<Mlp>(mlp).forward(x);
  if (pass.keep_hidden) pass.mlp_out.push_back(y);
  return add(h, y);
}

Tensor Block::forward(const Tensor& h, Pass& pass) const {
  const Tensor x = input_layernorm(h);
  const Tensor u = std::visit(
      [&](const auto& attention) { return attention.forward(x, pass.document_start); }, self_attn);
  if (pass.keep_hidden) pass.attn_out.push_back(u);
  const Tensor y = feed_forward(add(h, u), pass);
  layer_is_done();
  return y;
}

Tensor Block::decode(const Tensor& h, Pass& pass, Cache& cache) const {
  const Tensor x = input_layernorm(h);
  const Tensor u =
      std::visit([&](const auto& attention) { return attention.decode(x, cache); }, self_attn);
  return feed_forward(add(h, u), pass);
}

Cache Block::make_cache(Index capacity) const {
  return std::visit([=](const auto& attention) { return attention.make_cache(capacity); },
                    self_attn);
}

}  // namespace seekling
