#include "infer/pages.h"

#include <utility>

#include "core/check.h"

namespace seekling {

Pages::Pages(Index n_layers, std::vector<Index> segments, Format f, Index pages)
    : format(f), layers(n_layers), all(pages), widths(std::move(segments)) {
  for (const Index w : widths) {
    offsets.push_back(row);
    row += row_bytes(format, w);
  }
  memory.resize(size_t(bytes() + Index(sizeof(Line)) - 1) / sizeof(Line));
  for (Index p = all; p-- > 0;) idle.push_back(p);
}

void Pages::make_room(Sequence& s, Index n) {
  check(s.capacity == 0 || s.length + n <= s.capacity, "the context is full: it holds ", s.capacity,
        " tokens, and ", s.length + n, " are needed; generate fewer tokens or shorten the prompt");
  const Index more = needed(s.length + n) - Index(s.pages.size());
  check(more <= free(), "the cache is full: ", free(), " of its ", all, " pages of ", kTokens,
        " tokens are free, and ", more, " are needed; give it more memory or run fewer requests");
  for (Index i = 0; i < more; ++i) {
    s.pages.push_back(idle.back());
    idle.pop_back();
  }
}

void Pages::truncate(Sequence& s, Index length) {
  s.length = length;
  while (Index(s.pages.size()) > needed(length)) {
    idle.push_back(s.pages.back());
    s.pages.pop_back();
  }
}

std::byte* Pages::at(Index layer, Index page, Index slot, Index segment) const {
  return reinterpret_cast<std::byte*>(memory.data()) +
         ((layer * all + page) * kTokens + slot) * row + offsets[size_t(segment)];
}

void Pages::write(Index layer, const Sequence& s, Index token, Index segment, const float* x) {
  encode(format, at(layer, s.pages[size_t(token / kTokens)], token % kTokens, segment), x,
         width(segment));
}

const float* Pages::read(Index layer, Index page, Index n, Index segment, float* scratch,
                         Index& ld) const {
  if (format == Format::kF32) {
    ld = row / Index(sizeof(float));
    return reinterpret_cast<const float*>(at(layer, page, 0, segment));
  }
  ld = width(segment);
  for (Index i = 0; i < n; ++i) decode(format, scratch + i * ld, at(layer, page, i, segment), ld);
  return scratch;
}

}  // namespace seekling
