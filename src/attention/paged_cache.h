// Attention over a cache of whole keys and values, a key and a value of each key head: MHA, GQA,
// MQA, and MLA in its naive form.
#pragma once

#include "attention/layer.h"

namespace seekling {

struct CachedHeads {
  Index heads, key_heads;  // H, and a divisor of it
  Index key_width, value_width;
  real scale;

  Segments segments() const;

  // Writes the rows of all tokens of the step: keys [N,key_heads·key_width],
  // values [N,key_heads·value_width].
  void write(View keys, View values, Index layer, Step& step) const;

  // o [wanted,H·value_width] of the queries q [1,wanted,H,key_width] of the step's last tokens.
  Tensor attend(const Tensor& q, Index layer, const Step& step) const;
};

// The cached numbers of tokens 0 .. S-1 of a sequence in one segment, as rows of `to`.
void read_cache(View to, const Pages& pages, Index layer, const Sequence& sequence, Index segment,
                Index S);

}  // namespace seekling
