// The model of model/transformer.cpp, for machines limited by memory bandwidth: DeepSeek-V2
// (arXiv:2405.04434) §2.1.2 and Fig. 2. A token costs a few passes over long memory.
#include "infer/decoder.h"

#include "attention/paged_cache.h"
#include "core/check.h"

namespace seekling {

namespace {

std::vector<TokenSlot> slots_of(std::span<const Decoder::Token> tokens) {
  std::vector<TokenSlot> slots;
  for (const Decoder::Token& t : tokens) {
    const Index position = slots.empty() || slots.back().sequence != t.sequence
                               ? t.sequence->length
                               : slots.back().position + 1;
    slots.push_back({t.sequence, position});
  }
  return slots;
}

void check_ids(std::span<const std::int32_t> ids, Index vocab_size) {
  for (const std::int32_t id : ids)
    check(id >= 0 && id < vocab_size, "token id ", id, " is outside the vocabulary of ", vocab_size,
          " (ids 0 to ", vocab_size - 1, "): tokenizer and model do not belong together");
}

}  // namespace

Decoder::Decoder(const Transformer& model, const Precision& p)
    : config(model.config), precision(p),
      form(model.layers.at(0)->attention().cache_form(p.decoding)), final_norm(model.norm.copy()),
      head(p.weights, model.lm_head) {
  const View E = model.embed_tokens;
  const Index row = row_bytes(p.weights, E.cols);
  embedding.resize(size_t(E.rows * row));
  for (Index v = 0; v < E.rows; ++v)
    encode(p.weights, embedding.data() + v * row, &E(v, 0), E.cols);
  for (const auto& layer : model.layers) layers.push_back(layer->pack(p));
  if (!model.mtp.empty()) further = model.mtp[0].pack(p);
}

static CacheRow row_of(const Layer& layer) { return layer.attention().cache_row(); }

Pages Decoder::make_pages(Index pages, bool with_further) const {
  std::vector<Segments> rows;
  for (const auto& layer : layers) rows.push_back(segments_of(row_of(*layer)));
  if (with_further) rows.push_back(segments_of(row_of(*further->block)));
  return {rows, precision.cache, pages};
}

Tensor Decoder::embed(std::span<const std::int32_t> ids) const {
  const Tensor h({1, Index(ids.size()), config.hidden_size});
  const Index row = row_bytes(precision.weights, config.hidden_size);
  for (std::size_t i = 0; i < ids.size(); ++i)
    decode(precision.weights, &h.view()(Index(i), 0), embedding.data() + ids[i] * row,
           config.hidden_size);
  return h;
}

Tensor Decoder::step(std::span<const Token> tokens, Pages& pages) const {
  std::vector<std::int32_t> ids;
  for (const Token& t : tokens) ids.push_back(t.id);
  check_ids(ids, config.vocab_size);
  const std::vector<TokenSlot> slots = slots_of(tokens);
  for (std::size_t i = 0; i < slots.size(); ++i)  // a sequence's last token makes room for all
    if (i + 1 == slots.size() || slots[i + 1].sequence != slots[i].sequence)
      pages.make_room(*slots[i].sequence, slots[i].position + 1 - slots[i].sequence->length);
  for (const TokenSlot& slot : slots) slot.sequence->length = slot.position + 1;
  return all_layers(embed(ids), {slots, pages, /*of_prompt=*/false, Index(slots.size())});
}

Tensor Decoder::prefill(Sequence& sequence, std::span<const std::int32_t> ids, Pages& pages,
                        Index wanted) const {
  check_ids(ids, config.vocab_size);
  pages.make_room(sequence, Index(ids.size()));
  std::vector<TokenSlot> slots;
  for (std::size_t i = 0; i < ids.size(); ++i) slots.push_back({&sequence, sequence.length++});
  return all_layers(embed(ids), {slots, pages, /*of_prompt=*/true, wanted});
}

Tensor Decoder::all_layers(Tensor h, Step step) const {
  const Index N = h.dim(1), L = Index(layers.size()), wanted = step.wanted;
  for (Index i = 0; i < L; ++i) {
    step.wanted = i + 1 < L ? N : wanted;  // the cache of a later layer needs all tokens
    PagedCache cache(step, i, row_of(*layers[size_t(i)]));
    h = layers[size_t(i)]->decode(h, cache);
  }
  return final_norm(h).reshape({wanted, config.hidden_size});
}

Tensor Decoder::logits(const Tensor& h) const {
  const Tensor z({h.rows(), config.vocab_size});
  multiply(z, h, head);
  return z;
}

Tensor Decoder::predict_further(const Tensor& h, Sequence& sequence, Index first,
                                std::span<const std::int32_t> next, Pages& pages,
                                Index wanted) const {
  const Index N = h.rows(), D = h.cols();
  check_ids(next, config.vocab_size);
  std::vector<TokenSlot> slots;
  for (Index i = 0; i < N; ++i) slots.push_back({&sequence, first + i});
  Step step(slots, pages, /*of_prompt=*/false, wanted);
  PagedCache cache(step, Index(layers.size()), row_of(*further->block));
  return further->decode(h.reshape({1, N, D}), embed(next), cache).reshape({wanted, D});
}

WeightBytes Decoder::weight_bytes() const {
  WeightBytes sum(head.bytes());
  sum += {Index(embedding.size()), 0};
  for (const auto& layer : layers) sum += layer->weight_bytes();
  if (further) sum += {further->block->weight_bytes().all + further->eh_proj.packed.bytes(), 0};
  return sum;
}

}  // namespace seekling
