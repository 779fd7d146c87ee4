// Causal attention over (content, rotary) pairs: the one op under MLA, its absorbed decode, MHA, GQA and MQA.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace seekling {

// A query or key in two parts whose dot products add up: [q^C;q^R]·[k^C;k^R] = q^C·k^C + q^R·k^R. So the paper's
// concatenations (V2 eq. 40, 44) are never made. Either part may be undefined.
struct Pair {
  Tensor c;  // content [B,T,H,nope], keys [B,S,heads,nope]
  Tensor r;  // rotary  [B,T,H,rope], keys [B,S,heads,rope]
};

// q for T new tokens, k and v for S >= T tokens of which the last T are the new ones: new token t sees the keys
// 0 .. S-T+t. The parts of k, and v [B,S,heads,v_head_dim], may each have any number of heads that divides H; query head i
// uses head i / (H / heads). `first`, if not empty, is the document mask [B,T] (S = T): token t sees no key before
// first[t], the first position of its document; it must not fall along a row. Returns o [B,T,H,v_head_dim].
Tensor attention(const Pair& q, const Pair& k, const Tensor& v, real scale, std::span<const std::int32_t> first = {});

}  // namespace seekling
