// Causal attention over (content, rotary) pairs: the one op under MLA, its absorbed
// decode, MHA, GQA and MQA.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "tensor/recording.h"
#include "tensor/tensor.h"

namespace seekling {

// A query or key in two parts whose dot products add up: [q^C;q^R]·[k^C;k^R] = q^C·k^C + q^R·k^R.
// So the paper's concatenations (V2 eq. 40, 44) are never made. Either part may be undefined.
struct Pair {
  Tensor c;  // content [B,T,H,nope], keys [B,S,heads,nope]
  Tensor r;  // rotary  [B,T,H,rope], keys [B,S,heads,rope]
};

// q for T new tokens, k and v for S >= T tokens of which the last T are the new ones: new token t
// sees the keys 0 .. S-T+t. The parts of k, and v [B,S,heads,v_head_dim], may each have any number
// of heads that divides H.
// Query head i uses head i / (H / heads). `document_start`, if not empty, is the document mask
// [B,T] (S = T): token t sees no key before document_start[t], the first position of its document;
// it must not fall along a row. Returns o [B,T,H,v_head_dim].
Tensor attention(const Pair& q, const Pair& k, const Tensor& v, real scale,
                 std::span<const std::int32_t> document_start = {});

// What the kernels work on. constexpr, so that those of a GPU may call it.

// One part of q or k, or v, cut by heads. Undefined parts have width 0.
struct Heads {
  View x;            // rows (b, t, h)
  Index tokens = 0;  // T or S
  Index heads = 1;   // H or a divisor of it
  Index width = 0;

  Heads() = default;
  explicit Heads(const Tensor& t) {
    if (t.defined()) x = t, tokens = t.dim(1), heads = t.dim(2), width = t.cols();
  }

  constexpr View head(Index b, Index h, Index H) const {  // [tokens,width], for query head h
    return {x.data + (b * tokens * heads + h / (H / heads)) * x.ld, tokens, width, heads * x.ld};
  }
};

struct AttentionProblem {
  Heads q_c, q_r, k_c, k_r, v;
  Index B, T, S, H;
  real scale;
  const std::int32_t* first;            // [B,T] the first key that a query sees; nullptr: 0
  const std::int32_t* until;            // CPU: [B,S] end of the queries that see a key; nullptr: T
  const std::int32_t* plays = nullptr;  // of a Recording, which adds T keys each time

  // As it is when a kernel works on it.
  constexpr AttentionProblem now() const {
    AttentionProblem p = *this;
    const Index more = times(plays) * T;
    p.k_c.tokens += more, p.k_r.tokens += more, p.v.tokens += more, p.S += more;
    return p;
  }

  constexpr Index d() const { return q_c.width + q_r.width; }
  constexpr Index past() const { return S - T; }
  constexpr Index first_key(Index b, Index t) const { return first ? first[b * T + t] : 0; }
  constexpr Index end_of_keys(Index t) const { return past() + t + 1; }
  constexpr Index first_query(Index j) const { return std::max<Index>(0, j - past()); }
  constexpr Index end_of_queries(Index b, Index j) const { return until ? until[b * S + j] : T; }
};

struct AttentionGradients {
  Heads q_c, q_r, k_c, k_r, v;
};

using AttentionForward = void(View o, View lse, const AttentionProblem& p);
using AttentionBackward = void(const AttentionGradients& d, View d_o, View o, View lse,
                               const AttentionProblem& p);
namespace cpu {
AttentionForward attention_forward;
AttentionBackward attention_backward;
}  // namespace cpu
namespace cuda {
AttentionForward attention_forward;
AttentionBackward attention_backward;
}  // namespace cuda

}  // namespace seekling
