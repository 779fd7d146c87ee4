// The key-value cache of inference: pages of 32 tokens out of one block of memory, given
// to sequences as they grow.
//
// A sequence owns whole pages, in any order, so memory is never moved and at most
// 31 tokens a sequence are wasted (paged attention, Kwon et al. 2023, arXiv:2309.06180).
// The budget is fixed when the cache is made. The kind of attention of a layer says what a token's
// row in that layer is made of: a few segments that attention reads apart, each stored
// in the cache's format. Absorbed MLA has one segment, [c^KV; k^R]; cached heads have a key
// and a value each.
#pragma once

#include <vector>

#include "quant/format.h"
#include "quant/kernel.h"

namespace seekling {

// A sequence in the cache. The pages belong to the Pages that gave them, which must outlive it.
struct Sequence {
  std::vector<Index> block_table;  // its pages, in the order of its tokens (vLLM's blocks)
  Index length = 0;                // tokens held
  Index capacity = 0;              // tokens it may hold; 0: as many as there are pages for
};

using Segments = std::vector<Index>;  // their widths, in numbers

class Pages {
 public:
  static constexpr Index kTokens = kPageTokens;

  // Room for `pages` pages in each layer; segments[i] are those of a row in layer i.
  Pages(const std::vector<Segments>& segments, Format format, Index pages);

  static Index needed(Index tokens) { return (tokens + kTokens - 1) / kTokens; }  // pages for them
  Index free() const { return Index(idle.size()); }
  Index pages() const { return all; }

  // Makes sure that n more tokens fit after those held. Error if the sequence's capacity
  // or the cache is full; nothing changes then.
  void make_room(Sequence& sequence, Index n);
  void truncate(Sequence& sequence, Index length);  // forgets the tokens from `length` on

  void write(Index layer, const Sequence& sequence, Index token, Index segment, const real* x);
  // Tokens slot .. slot + n - 1 of a page, as numbers, rows `ld` apart: in place for fp32,
  // otherwise through `scratch` [n,width].
  const real* read(Index layer, Index page, Index slot, Index n, Index segment, real* scratch,
                   Index& ld) const;

  Index width(Index layer, Index segment) const {
    return layers[size_t(layer)].widths[size_t(segment)];
  }
  Index bytes_per_token() const;                                     // all layers
  Index bytes() const { return all * kTokens * bytes_per_token(); }  // allocated
  const Format format;

 private:
  struct Layer {
    Segments widths, offsets;
    Index row = 0, begin = 0;  // bytes of a token, and before the layer's first page
  };
  std::byte* at(Index layer, Index page, Index slot, Index segment) const;

  Index all;
  std::vector<Layer> layers;
  mutable PooledLines memory;  // of each layer [pages,32,row]
  std::vector<Index> idle;     // the next to be given is the last
};

}  // namespace seekling
