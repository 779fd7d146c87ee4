// A cache of keys and values in pages.
// No twin: on a GPU decoding keeps contiguous caches (attention/cache.h).
#include "attention/cached_heads.h"

#include "attention/attention.h"
#include "nn/rows.h"

namespace seekling {

// Segment h has the keys of key head h, segment key_heads + h its values.
Segments CachedHeads::segments() const {
  Segments widths(size_t(key_heads), key_width);
  widths.insert(widths.end(), size_t(key_heads), value_width);
  return widths;
}

void CachedHeads::write(View keys, View values, Index layer, Step& step) const {
  each_row(keys.rows, [&](Index i) {
    const TokenSlot& slot = step.tokens[size_t(i)];
    for (Index h = 0; h < key_heads; ++h) {
      step.pages.write(layer, *slot.sequence, slot.position, h, &keys(i, h * key_width));
      step.pages.write(layer, *slot.sequence, slot.position, key_heads + h,
                       &values(i, h * value_width));
    }
  });
}

// A prompt's tokens go through attention as in training, over keys and values copied out
// of the cache; other tokens read the cache in place.
Tensor CachedHeads::attend(const Tensor& q, Index layer, const Step& step) const {
  const std::span<const TokenSlot> slots = step.wanted_tokens();
  const Index N = step.wanted;
  if (!step.prompt) {
    const Tensor o({N, heads * value_width});
    seekling::attend(o.reshape({N * heads, value_width}), q.reshape({N * heads, key_width}),
                     step.pages, layer, {heads, key_heads, key_heads, value_width}, scale, slots);
    return o;
  }
  const Index S = slots.back().position + 1;
  const Sequence& sequence = *slots[0].sequence;
  const Tensor k({1, S, key_heads, key_width}), v({1, S, key_heads, value_width});
  for (Index h = 0; h < key_heads; ++h) {
    read_cache({k.data() + h * key_width, S, key_width, key_heads * key_width}, step.pages, layer,
               sequence, h, S);
    read_cache({v.data() + h * value_width, S, value_width, key_heads * value_width}, step.pages,
               layer, sequence, key_heads + h, S);
  }
  return attention({{}, q}, {{}, k}, v, scale).reshape({N, heads * value_width});
}

void read_cache(View to, const Pages& pages, Index layer, const Sequence& sequence, Index segment,
                Index S) {
  parallel_for(Pages::needed(S), 1, [&](Index p) {
    const Index n = std::min(Pages::kTokens, S - p * Pages::kTokens),
                width = pages.width(layer, segment);
    std::vector<real> scratch(size_t(n * width));
    Index ld = 0;
    const real* x = pages.read(layer, sequence.pages[size_t(p)], 0, n, segment, scratch.data(), ld);
    for (Index i = 0; i < n; ++i) std::copy_n(x + i * ld, width, &to(p * Pages::kTokens + i, 0));
  });
}

}  // namespace seekling
