// Attention of single tokens over the cache: what a decoding step does where a prompt
// has attention/attention.h.
#pragma once

#include <span>

#include "attention/pages.h"
#include "tensor/view.h"

namespace seekling {

// How the query heads meet the cached ones. Key head h reads segment h as its keys and segment
// `values + h`, of which the first value_width numbers, as its values. Absorbed MLA: one key head,
// and values = 0, for latents are both.
struct HeadLayout {
  Index heads;  // H, of the query
  Index key_heads, values, value_width;
};

struct TokenSlot {  // of a token: it sees the cached tokens first .. position of its sequence
  Sequence* sequence;
  Index position;
  Index first = 0;
};

// o [N·H, value_width] of q [N·H, key width], row n·H + h being head h of the token at slots[n]:
//   s_j = scale q·k_j   o = Σ_j softmax(s)_j v_j
void attend(View o, View q, const Pages& pages, Index layer, const HeadLayout& layout, real scale,
            std::span<const TokenSlot> slots);

}  // namespace seekling
