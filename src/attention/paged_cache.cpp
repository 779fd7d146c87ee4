// No twin: on a GPU decoding keeps one sequence, in the cache of attention/cache.h.
#include "attention/paged_cache.h"

#include "attention/attention.h"
#include "core/parallel.h"

namespace seekling {

constexpr Index kRows = 16;  // of a thread: those of a decoding step are few and short

Segments segments_of(const CacheRow& row) {
  Segments widths(size_t(row.heads), row.content + row.rotary);
  if (row.value > 0) widths.insert(widths.end(), size_t(row.heads), row.value);
  return widths;
}

Tensor PagedCache::wanted(const Tensor& h) const {
  const Index N = h.dim(1), n = step.wanted;
  return h.reshape({N, h.cols()}).slice(N - n, n).reshape({1, n, h.cols()});
}

Positions PagedCache::positions(const Tensor& x, const Rotary& rotary) {
  return {step.angles(rotary), Index(step.tokens.size()) - x.dim(1)};
}

void PagedCache::append(const Pair& key, const Tensor& value) {
  const Tensor keys = joined(key);
  parallel_for(Index(step.tokens.size()), kRows, [&, k = keys.view()](Index i) {
    const TokenSlot& slot = step.tokens[size_t(i)];
    for (Index h = 0; h < row.heads; ++h) {
      const Index at = i * row.heads + h;
      step.pages.write(layer, *slot.sequence, slot.position, h, &k(at, 0));
      if (row.value > 0)
        step.pages.write(layer, *slot.sequence, slot.position, row.heads + h, &value.view()(at, 0));
    }
  });
}

// Heads of a prompt's part meet as in training, after a copy out of the cache. Other tokens read
// the cache in place, and so do latents, all heads the same row.
Tensor PagedCache::attend(const Pair& q, real scale, Index window) const {
  const Tensor query = joined(q);  // [1,n,H,content+rotary]
  const bool latents = row.value == 0;
  const Index n = query.dim(1), H = query.dim(2), width = latents ? row.content : row.value;
  if (n == 0) return Tensor({1, 0, H, width});
  if (step.prompt && !latents)
    return attention({{}, query}, keys(), read(row.heads, row.value), scale, {.window = window});
  std::vector<TokenSlot> slots(step.wanted_tokens().begin(), step.wanted_tokens().end());
  if (window > 0)
    for (TokenSlot& slot : slots) slot.first = std::max<Index>(0, slot.position + 1 - window);
  const Tensor o({1, n, H, width});
  seekling::attend(o, query, step.pages, layer, {H, row.heads, latents ? 0 : row.heads, width},
                   scale, slots);
  return o;
}

Pair PagedCache::keys() const {
  const Tensor whole = read(0, row.content + row.rotary);
  if (row.value > 0) return {{}, whole};
  const auto [c, r] = split_at(whole, row.content);
  return {c, r};
}

Tensor PagedCache::read(Index first_segment, Index width) const {
  const Sequence& sequence = *step.tokens.back().sequence;
  const Index S = tokens(), heads = row.heads;
  const Tensor x({1, S, heads, width});
  parallel_for(Pages::needed(S), 1, [&, to = x.view()](Index p) {
    const Index n = std::min(Pages::kTokens, S - p * Pages::kTokens);
    std::vector<real> scratch(size_t(n * width));
    for (Index h = 0; h < heads; ++h) {
      Index ld = 0;
      const real* rows = step.pages.read(layer, sequence.block_table[size_t(p)], 0, n,
                                         first_segment + h, scratch.data(), ld);
      for (Index i = 0; i < n; ++i)
        std::copy_n(rows + i * ld, width, &to((p * Pages::kTokens + i) * heads + h, 0));
    }
  });
  return x;
}

}  // namespace seekling
