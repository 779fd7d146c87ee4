// A pre-norm transformer block. DeepSeek-V2 (arXiv:2405.04434) Fig. 2.
//   h ← h + Attention(RMSNorm(h)),  h ← h + FFN(RMSNorm(h))
#include "model/block.h"

#include "nn/rows.h"
#include "ops/add.h"
#include "tensor/tape.h"

namespace seekling {

Block::Block(const Config& config, std::unique_ptr<Attention> attention,
             std::unique_ptr<FeedForward> feed_forward)
    : input_layernorm(config.hidden_size, config.rms_norm_eps),
      post_attention_layernorm(config.hidden_size, config.rms_norm_eps),
      self_attn(std::move(attention)), mlp(std::move(feed_forward)) {}

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

Tensor Block::decode(const Tensor& h, const Context& context, Losses& losses, Cache& cache) const {
  const Tensor u = self_attn->decode(input_layernorm(h), cache);
  return feed_forward(add(h, u), context, losses);
}

Cache Block::make_cache(Index capacity) const { return self_attn->make_cache(capacity); }

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

// --- inference -----------------------------------------------------------------------------------

namespace {

struct PackedBlock : PackedLayer {
  PackedBlock(const Precision& precision, const Block& block)
      : eps(block.input_layernorm.eps), input_layernorm(copied(block.input_layernorm.weight)),
        post_attention_layernorm(copied(block.post_attention_layernorm.weight)),
        self_attn(block.self_attn->pack(precision)), mlp(block.mlp->pack(precision.weights)) {}

  void decode(View h_all, Index layer, Step& step) const override {
    const Tensor u = self_attn->decode(normed(h_all, input_layernorm, eps), layer, step);
    if (step.wanted == 0) return;
    const View h = h_all.middle_rows(h_all.rows - step.wanted, step.wanted);
    add_rows(h, u);
    mlp->add_to(h, normed(h, post_attention_layernorm, eps));
  }

  Segments segments() const override { return self_attn->segments(); }
  Index weight_bytes() const override { return self_attn->weight_bytes() + mlp->weight_bytes(); }
  Index weight_bytes_per_token() const override {
    return self_attn->weight_bytes_per_token() + mlp->weight_bytes_per_token();
  }

  const real eps;
  const Tensor input_layernorm, post_attention_layernorm;
  const std::unique_ptr<PackedAttention> self_attn;
  const std::unique_ptr<PackedFeedForward> mlp;
};

}  // namespace

std::unique_ptr<PackedLayer> Block::pack(const Precision& precision) const {
  return std::make_unique<PackedBlock>(precision, *this);
}

}  // namespace seekling
