// The key-value cache of inference: pages of 32 tokens out of one block of memory, given
// to sequences as they grow.
//
// A sequence owns whole pages, in any order, so memory is never moved and at most
// 31 tokens a sequence are wasted (paged attention, Kwon et al. 2023, arXiv:2309.06180).
// The budget is fixed when the cache is made. A token's row in a layer is a few segments that
// attention reads apart, each stored in the cache's format: for absorbed MLA one, [c^KV; k^R];
// for cached heads a key and a value each.
#pragma once

#include <vector>

#include "quant/format.h"
#include "quant/kernel.h"

namespace seekling {

// A sequence in the cache. The pages belong to the Pages that gave them, which must outlive it.
struct Sequence {
  std::vector<Index> pages;
  Index length = 0;    // tokens held
  Index capacity = 0;  // tokens it may hold; 0: as many as there are pages for
};

class Pages {
 public:
  static constexpr Index kTokens = kPageTokens;

  // Room for `pages` pages in each of `layers` layers, a row being segments of these widths.
  Pages(Index layers, std::vector<Index> segments, Format format, Index pages);

  static Index needed(Index tokens) { return (tokens + kTokens - 1) / kTokens; }  // pages for them
  Index free() const { return Index(idle.size()); }
  Index pages() const { return all; }

  // Makes sure that n more tokens fit behind those held. Error if the sequence's capacity
  // or the cache is full; nothing changes then.
  void make_room(Sequence& sequence, Index n);
  void truncate(Sequence& sequence, Index length);  // forgets the tokens from `length` on

  void write(Index layer, const Sequence& sequence, Index token, Index segment, const float* x);
  // n <= 32 tokens of a page as floats, rows `ld` apart: in place for fp32, otherwise
  // through `scratch` [n,width].
  const float* read(Index layer, Index page, Index n, Index segment, float* scratch,
                    Index& ld) const;

  Index width(Index segment) const { return widths[size_t(segment)]; }
  Index bytes_per_token() const { return layers * row; }        // all layers
  Index bytes() const { return layers * all * kTokens * row; }  // allocated
  const Format format;

 private:
  std::byte* at(Index layer, Index page, Index slot, Index segment) const;

  Index layers, all, row = 0;  // row: bytes of a token in a layer
  std::vector<Index> widths, offsets;
  mutable PooledLines memory;  // [layers, pages, 32, row]
  std::vector<Index> idle;     // the next to be given is the last
};

}  // namespace seekling
