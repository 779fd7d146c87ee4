#include "attention/pages.h"

#include "core/check.h"

namespace seekling {

Pages::Pages(const std::vector<Segments>& segments, Format f, Index pages) : format(f), all(pages) {
  Index begin = 0;
  for (const Segments& widths : segments) {
    Layer layer{widths, {}, 0, begin};
    for (const Index w : widths) {
      layer.offsets.push_back(layer.row);
      layer.row += row_bytes(format, w);
    }
    begin += all * kTokens * layer.row;
    layers.push_back(layer);
  }
  memory.resize(size_t(bytes() + Index(sizeof(Line)) - 1) / sizeof(Line));
  for (Index p = all; p-- > 0;) idle.push_back(p);
}

Index Pages::bytes_per_token() const {
  Index sum = 0;
  for (const Layer& layer : layers) sum += layer.row;
  return sum;
}

void Pages::make_room(Sequence& s, Index n) {
  check(s.capacity == 0 || s.length + n <= s.capacity, "the context is full: it holds ", s.capacity,
        " tokens, and ", s.length + n, " are needed; generate fewer tokens or shorten the prompt");
  const Index more = needed(s.length + n) - Index(s.block_table.size());
  check(more <= free(), "the cache is full: ", free(), " of its ", all, " pages of ", kTokens,
        " tokens are free, and ", more, " are needed; give it more memory or run fewer requests");
  for (Index i = 0; i < more; ++i) {
    s.block_table.push_back(idle.back());
    idle.pop_back();
  }
}

void Pages::truncate(Sequence& s, Index length) {
  s.length = length;
  while (Index(s.block_table.size()) > needed(length)) {
    idle.push_back(s.block_table.back());
    s.block_table.pop_back();
  }
}

std::byte* Pages::at(Index layer, Index page, Index slot, Index segment) const {
  const Layer& l = layers[size_t(layer)];
  return reinterpret_cast<std::byte*>(memory.data()) + l.begin + (page * kTokens + slot) * l.row +
         l.offsets[size_t(segment)];
}

void Pages::write(Index layer, const Sequence& s, Index token, Index segment, const real* x) {
  encode(format, at(layer, s.block_table[size_t(token / kTokens)], token % kTokens, segment), x,
         width(layer, segment));
}

const real* Pages::read(Index layer, Index page, Index slot, Index n, Index segment, real* scratch,
                        Index& ld) const {
  if (format == Format::kF32) {
    ld = layers[size_t(layer)].row / Index(sizeof(real));
    return reinterpret_cast<const real*>(at(layer, page, slot, segment));
  }
  ld = width(layer, segment);
  for (Index i = 0; i < n; ++i)
    decode(format, scratch + i * ld, at(layer, page, slot + i, segment), ld);
  return scratch;
}

}  // namespace seekling
