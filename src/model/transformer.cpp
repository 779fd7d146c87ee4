// The model of DeepSeek-V2 (arXiv:2405.04434) Fig. 2:
//   h = E[ids];  h = block_i(h);  logits = W_head RMSNorm(h)
#include "model/transformer.h"

#include "core/check.h"
#include "model/versions.h"
#include "ops/cross_entropy.h"
#include "ops/embedding.h"

namespace seekling {

Transformer::Transformer(const Config& c)
    : config(c), embed_tokens(Tensor::zeros({c.vocab_size, c.hidden_size})),
      norm(c.hidden_size, c.rms_norm_eps),
      lm_head(c.tie_word_embeddings ? embed_tokens : Tensor::zeros({c.vocab_size, c.hidden_size})) {
  for (Index i = 0; i < c.num_hidden_layers; ++i) layers.push_back(make_layer(c, i));
  for (Index k = 1; k <= c.num_nextn_predict_layers; ++k) mtp.emplace_back(c, k);
}

static std::string layer_name(std::size_t i) { return "model.layers." + std::to_string(i); }

Tensor Transformer::hidden(std::span<const std::int32_t> ids, Index B, Index T,
                           const Context& context, Losses& losses) const {
  check(T <= config.max_position_embeddings, "a sequence of ", T,
        " tokens is longer than the model's ", config.max_position_embeddings,
        " positions (max_position_embeddings)");
  Tensor h = context.observe("model.embed_tokens", embedding(ids, embed_tokens, B, T));
  for (std::size_t i = 0; i < layers.size(); ++i)
    h = layers[i]->forward(h, context.at(layer_name(i)), losses);
  return context.observe("model.norm", norm(h));
}

Tensor Transformer::decode(std::span<const std::int32_t> ids, std::vector<Cache>& caches) const {
  return decode(embedding(ids, embed_tokens, 1, Index(ids.size())), caches);
}

Tensor Transformer::decode(Tensor h, std::vector<Cache>& caches) const {
  for (std::size_t i = 0; i < layers.size(); ++i) h = layers[i]->decode(h, caches[i]);
  return norm(h);
}

std::vector<Cache> Transformer::make_caches(Index capacity) const {
  std::vector<Cache> caches;
  for (const auto& layer : layers)
    caches.emplace_back(layer->attention().cache_row(), capacity, device());
  return caches;
}

Tensor Transformer::logits(const Tensor& h) const { return linear(h, lm_head); }

Tensor Transformer::loss(const Batch& batch, const Context& context, Losses& losses) const {
  const auto cross_entropy = [&](const Tensor& h, const Targets& targets) {
    const Tensor loss = head_cross_entropy(h, lm_head, targets.ids, targets.weights);
    return context.dense_stage ? loss.clone() : loss;  // through a copy nothing flows back
  };
  Context inside = context;
  inside.mask.document_start = batch.document_start;
  const Tensor h = hidden(batch.ids, batch.B, batch.T, inside, losses);
  if (context.predict_further) {
    const std::vector<Tensor> further =
        hidden_further(batch.ids, batch.B, batch.T, h, inside, losses);
    check(batch.targets.size() > further.size(), "multi-token prediction has ", further.size(),
          " depths, but the batch has targets of ", batch.targets.size() - 1);
    for (std::size_t d = 0; d < further.size(); ++d)
      losses.mtp.push_back(cross_entropy(further[d], batch.targets[d + 1]));
  }
  return cross_entropy(h, batch.targets[0]);
}

std::vector<Tensor> Transformer::hidden_further(std::span<const std::int32_t> ids, Index B, Index T,
                                                const Tensor& h, const Context& context,
                                                Losses& losses) const {
  std::vector<Tensor> depths;
  for (Index k = 1; k <= Index(mtp.size()) && k < T; ++k) {
    const Tensor next = embedding(values_ahead(ids, B, T, k), embed_tokens, B, T - k);
    const std::vector<std::int32_t> documents = mtp_documents(context.mask.document_start, B, T, k);
    Context inside = context.at(layer_name(layers.size() + std::size_t(k - 1)));
    inside.mask.document_start = documents;
    depths.push_back(
        mtp[std::size_t(k - 1)].forward(k == 1 ? h : depths.back(), next, inside, losses));
  }
  return depths;
}

void Transformer::for_each_parameter(const Visitor& visit) const {
  visit("model.embed_tokens.weight", embed_tokens);
  for (std::size_t i = 0; i < layers.size(); ++i) layers[i]->parameters(layer_name(i), visit);
  visit("model.norm.weight", norm.weight);
  if (!config.tie_word_embeddings) visit("lm_head.weight", lm_head);
  for (std::size_t d = 0; d < mtp.size(); ++d)
    mtp[d].parameters(layer_name(layers.size() + d), visit);
}

void Transformer::move_to(Device device) const {
  for_each_parameter([=](const std::string&, const Tensor& p) { p.move_to(device); });
}

Transformer Transformer::copy_on(Device device) const {
  Transformer copy(config);
  copy.move_to(device);
  copy.copy_from(*this);
  return copy;
}

void Transformer::copy_from(const Transformer& other) const {
  std::vector<Tensor> there;
  other.for_each_parameter([&](const std::string&, const Tensor& p) { there.push_back(p); });
  auto next = there.begin();
  for_each_parameter([&](const std::string&, const Tensor& p) { p.copy_from(*next++); });
}

bool is_correction_bias(const std::string& name) {
  return name.ends_with("e_score_correction_bias");
}

bool is_of_indexer(const std::string& name) {
  return name.find(".self_attn.indexer.") != name.npos;
}

void Transformer::initialise(std::uint64_t seed) const {
  std::uint64_t place = 0;
  for_each_parameter([&](const std::string& name, const Tensor& p) {
    Rng rng(seed, place++);
    const bool gain = name.ends_with("norm.weight");
    const bool bias = is_correction_bias(name) || name.ends_with(".bias");
    for (Index i = 0; i < p.size(); ++i)
      p.data()[i] = gain ? 1 : bias ? 0 : real(config.initializer_range * rng.normal());
  });
}

}  // namespace seekling
