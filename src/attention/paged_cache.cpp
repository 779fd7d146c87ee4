// No twin: GPU decoding has one sequence, in the contiguous cache of attention/cache.h.
#include "attention/paged_cache.h"

#include <algorithm>

#include "attention/attention.h"
#include "core/parallel.h"

namespace seekling {

constexpr Index kRows = 16;  // per thread: a decoding step has few and short rows

Segments segments_of(const CacheRow& row) {
  Segments widths(size_t(row.heads), row.content + row.rotary);
  if (row.value > 0) widths.insert(widths.end(), size_t(row.heads), row.value);
  if (row.index > 0) widths.push_back(row.index);
  return widths;
}

Tensor PagedCache::wanted(const Tensor& h) const {
  const Index N = h.dim(1), n = step.wanted;
  return h.reshape({N, h.cols()}).slice(N - n, n).reshape({1, n, h.cols()});
}

Positions PagedCache::positions(const Tensor& x, const Rotary& rotary) {
  return {step.angles(rotary), Index(step.tokens.size()) - x.dim(1)};
}

void PagedCache::append(const Pair& key, const Tensor& value, const Tensor& index_key) {
  const Tensor keys = joined(key);
  const Index last = Index(segments_of(row).size()) - 1;
  parallel_for(Index(step.tokens.size()), kRows, [&, k = keys.view()](Index i) {
    const TokenSlot& slot = step.tokens[size_t(i)];
    for (Index h = 0; h < row.heads; ++h) {
      const Index at = i * row.heads + h;
      step.pages.write(layer, *slot.sequence, slot.position, h, &k(at, 0));
      if (row.value > 0)
        step.pages.write(layer, *slot.sequence, slot.position, row.heads + h, &value.view()(at, 0));
    }
    if (row.index > 0)
      step.pages.write(layer, *slot.sequence, slot.position, last, &index_key.view()(i, 0));
  });
  chosen.clear();
}

Tensor PagedCache::index_keys(Index t) const {
  const Index S = tokens_seen(t), last = Index(segments_of(row).size()) - 1;
  return read(*slot(t).sequence, S, last, 1, row.index).reshape({S, row.index});
}

HeadLayout PagedCache::layout(Index H) const {
  return {H, row.heads, latents() ? 0 : row.heads, latents() ? row.content : row.value};
}

// Heads of a prompt use the attention of training, after a copy out of the cache. Single tokens and
// latents read the cache in place.
Tensor PagedCache::attend(const Pair& q, real scale, Index window) const {
  const Tensor query = joined(q);  // [1,n,H,content+rotary]
  const Index n = query.dim(1), H = query.dim(2);
  const HeadLayout heads = layout(H);
  if (n == 0) return Tensor({1, 0, H, heads.value_width});
  if (!chosen.empty()) return attend_to_chosen(query, scale);
  if (step.prompt && !latents()) {
    const Tensor v = read(*step.tokens.back().sequence, tokens(), row.heads, row.heads, row.value);
    return attention({{}, query}, keys(), v, scale, {.window = window});
  }
  std::vector<TokenSlot> slots(step.wanted_tokens().begin(), step.wanted_tokens().end());
  if (window > 0)
    for (TokenSlot& slot : slots) slot.first = std::max<Index>(0, slot.position + 1 - window);
  const Tensor o({1, n, H, heads.value_width});
  seekling::attend(o, query, step.pages, layer, heads, scale, slots);
  return o;
}

// The chosen tokens of each sequence are copied into pages of their own, one after the other, and
// attention reads those as if they were the whole sequence. A copy reads and writes each number
// once, and all heads then read it.
Tensor PagedCache::attend_to_chosen(const Tensor& q, real scale) const {
  const Index n = q.dim(1), H = q.dim(2), most = Index(chosen.size()) / n;
  Segments widths = segments_of(row);
  if (row.index > 0) widths.pop_back();  // attention does not read it
  Pages gathered({widths}, Format::kF32, n * Pages::needed(most));
  std::vector<Sequence> sequences{size_t(n)};
  std::vector<TokenSlot> slots;
  for (Index t = 0; t < n; ++t) {
    const auto first = chosen.begin() + t * most;
    const Index count = std::find(first, first + most, -1) - first;
    gathered.make_room(sequences[size_t(t)], count);
    slots.push_back({&sequences[size_t(t)], count - 1});
  }
  const Index pages = Pages::needed(most);
  parallel_for(n * pages, 1, [&](Index task) {
    const Index t = task / pages, begin = task % pages * Pages::kTokens,
                end = std::min(begin + Pages::kTokens, slots[size_t(t)].position + 1);
    const Sequence& sequence = *slot(t).sequence;
    for (Index s = 0; s < Index(widths.size()); ++s) {
      const Tensor scratch({widths[size_t(s)]});
      for (Index i = begin; i < end; ++i) {
        const Index token = chosen[size_t(t * most + i)];
        Index ld = 0;
        gathered.write(0, sequences[size_t(t)], i, s,
                       step.pages.read(layer, sequence.block_table[size_t(token / Pages::kTokens)],
                                       token % Pages::kTokens, 1, s, scratch.data(), ld));
      }
    }
  });
  const HeadLayout heads = layout(H);
  const Tensor o({1, n, H, heads.value_width});
  seekling::attend(o, q, gathered, 0, heads, scale, slots);
  return o;
}

Pair PagedCache::keys() const {
  const Tensor whole =
      read(*step.tokens.back().sequence, tokens(), 0, row.heads, row.content + row.rotary);
  if (row.value > 0) return {{}, whole};
  const auto [c, r] = split_at(whole, row.content);
  return {c, r};
}

Tensor PagedCache::read(const Sequence& sequence, Index S, Index first, Index heads,
                        Index width) const {
  const Tensor x({1, S, heads, width});
  parallel_for(Pages::needed(S), 1, [&, to = x.view()](Index p) {
    const Index n = std::min(Pages::kTokens, S - p * Pages::kTokens);
    std::vector<real> scratch(size_t(n * width));
    for (Index h = 0; h < heads; ++h) {
      Index ld = 0;
      const real* rows = step.pages.read(layer, sequence.block_table[size_t(p)], 0, n, first + h,
                                         scratch.data(), ld);
      for (Index i = 0; i < n; ++i)
        std::copy_n(rows + i * ld, width, &to((p * Pages::kTokens + i) * heads + h, 0));
    }
  });
  return x;
}

}  // namespace seekling
