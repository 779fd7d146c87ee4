// Attention of single tokens over the cache, for decoding steps. Prompts use attention/attention.h.
#pragma once

#include <span>

#include "attention/pages.h"
#include "tensor/view.h"

namespace seekling {

// How query heads map to cached segments. Key head h reads segment h as its keys, and the first
// value_width elements of segment `values + h` as its values. Absorbed MLA has one key head and
// values = 0, because latents are both.
struct HeadLayout {
  Index heads;  // H, of the query
  Index key_heads, values, value_width;
};

struct TokenSlot {  // a token, which sees the cached tokens first .. position of its sequence
  Sequence* sequence;
  Index position;
  Index first = 0;
};

// Computes o [N·H, value_width] from q [N·H, key width]; row n·H + h is head h of token slots[n]:
//   s_j = scale q·k_j   o = Σ_j softmax(s)_j v_j
void attend(View o, View q, const Pages& pages, Index layer, const HeadLayout& layout, real scale,
            std::span<const TokenSlot> slots);

}  // namespace seekling
