// The key-value cache of inference: pages of 32 tokens from one block of memory, handed out
// to sequences as they grow.
//
// A sequence owns whole pages, in any order, so memory never moves and each sequence wastes at most
// 31 tokens (paged attention, Kwon et al. 2023, arXiv:2309.06180). The memory budget is fixed at
// construction.
//
//   sequence A: 41 tokens, block_table = 3 0        sequence B: 12 tokens, block_table = 1
//
//   page       0            1            2            3            4
//   layer i  [ A 32..40 ] [ B 0..11  ] [   idle   ] [ A 0..31  ] [   idle   ]        page [32,row]
//   a row    [ segment 0 │ segment 1 │ ... ]           one token, in the format of the cache
//
// The layer's kind of attention defines the segments of a row. They are read separately, and each
// is stored in the cache's format. Absorbed MLA has one segment, [c^KV; k^R]; MHA, GQA and MQA have
// one for each key head and one for each value head.
#pragma once

#include <vector>

#include "quant/format.h"
#include "quant/kernel.h"

namespace seekling {

// A sequence in the cache. Its pages belong to a Pages object, which must outlive it.
struct Sequence {
  std::vector<Index> block_table;  // its pages, in the order of its tokens (vLLM's blocks)
  Index length = 0;                // tokens held
  Index capacity = 0;              // tokens it may hold; 0: limited by free pages only
};

using Segments = std::vector<Index>;  // widths in elements

class Pages {
 public:
  static constexpr Index kTokens = kPageTokens;

  // Allocates `pages` pages in each layer; segments[i] are the segments of a row in layer i.
  Pages(const std::vector<Segments>& segments, Format format, Index pages);

  static Index needed(Index tokens) { return (tokens + kTokens - 1) / kTokens; }  // pages for them
  Index free() const { return Index(idle.size()); }
  Index pages() const { return all; }

  // Makes room for n more tokens. Error, and no change, if the sequence's capacity or the cache is
  // exhausted.
  void make_room(Sequence& sequence, Index n);
  void truncate(Sequence& sequence, Index length);  // forgets the tokens from `length` on

  void write(Index layer, const Sequence& sequence, Index token, Index segment, const real* x);
  // One segment of tokens slot .. slot + n - 1 of a page, as reals with rows `ld` apart: a pointer
  // into the cache for fp32, otherwise decoded into `scratch` [n,width].
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
    Index row = 0, begin = 0;  // bytes of a token; bytes before the layer's first page
  };
  std::byte* at(Index layer, Index page, Index slot, Index segment) const;

  Index all;
  std::vector<Layer> layers;
  mutable PooledLines memory;  // of each layer [pages,32,row]
  std::vector<Index> idle;     // a stack: the last one is handed out next
};

}  // namespace seekling
