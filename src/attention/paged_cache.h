// The paged cache of one layer; the pages are in attention/pages.h.
#pragma once

#include "attention/cache.h"
#include "attention/step.h"

namespace seekling {

// The segments of a token's row: one for latents, [content; rotary]; otherwise the keys of all
// heads, then their values. The key of an indexer, if there is one, comes last.
Segments segments_of(const CacheRow& row);

// The cache of layer `layer` in `step`, which must outlive it. CPU only.
class PagedCache : public LayerCache {
 public:
  PagedCache(Step& all, Index i, const CacheRow& r) : step(all), layer(i), row(r) {}

  Tensor wanted(const Tensor& h) const override;
  Positions positions(const Tensor& x, const Rotary& rotary) override;
  void append(const Pair& key, const Tensor& value = {}, const Tensor& index_key = {}) override;
  Index tokens_seen(Index t) const override { return slot(t).position + 1; }
  Tensor index_keys(Index t) const override;
  Tensor attend(const Pair& q, real scale, Index window = 0) const override;
  bool of_prompt() const override { return step.prompt; }
  Index tokens() const override { return step.tokens.back().position + 1; }
  Pair keys() const override;  // of a prompt

 private:
  const TokenSlot& slot(Index t) const { return step.wanted_tokens()[size_t(t)]; }
  bool latents() const { return row.value == 0; }
  HeadLayout layout(Index H) const;
  // The segments first .. first + heads - 1 of the tokens 0 .. S-1, [1,S,heads,width].
  Tensor read(const Sequence& sequence, Index S, Index first, Index heads, Index width) const;
  Tensor attend_to_chosen(const Tensor& q, real scale) const;

  Step& step;
  const Index layer;
  const CacheRow row;
};

}  // namespace seekling
