// The cache of a layer in pages: attention/pages.h.
#pragma once

#include "attention/cache.h"
#include "attention/step.h"

namespace seekling {

// The segments of a token's row: for latents one, [content; rotary]; otherwise the key of each head
// and then the value of each head.
Segments segments_of(const CacheRow& row);

// CPU. The cache of layer `layer` in `step`, which must outlive it.
class PagedCache : public LayerCache {
 public:
  PagedCache(Step& all, Index i, const CacheRow& r) : step(all), layer(i), row(r) {}

  Tensor wanted(const Tensor& h) const override;
  Positions positions(const Tensor& x, const Rotary& rotary) override;
  void append(const Pair& key, const Tensor& value = {}) override;
  Tensor attend(const Pair& q, real scale, Index window = 0) const override;
  bool of_prompt() const override { return step.prompt; }
  Index tokens() const override { return step.tokens.back().position + 1; }
  Pair keys() const override;  // of a prompt

 private:
  Tensor read(Index first_segment, Index width) const;  // of all heads [1,S,heads,width]

  Step& step;
  const Index layer;
  const CacheRow row;
};

}  // namespace seekling
