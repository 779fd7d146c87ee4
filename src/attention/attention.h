// Causal attention over (content, rotary) pairs: the one op behind MLA, its absorbed decoding, MHA,
// GQA and MQA.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "nn/mask.h"
#include "tensor/recording.h"
#include "tensor/tensor.h"

namespace seekling {

// A query or key in two parts whose dot products add up: [q^C;q^R]·[k^C;k^R] = q^C·k^C + q^R·k^R.
// So the paper's concatenations (V2 eq. 40, 44) are never made. Either part may be undefined.
struct Pair {
  Tensor c;  // content [B,T,H,nope], keys [B,S,heads,nope]
  Tensor r;  // rotary  [B,T,H,rope], keys [B,S,heads,rope]
};

// [content; rotary] concatenated, [B,T,H,nope+rope]; heads may share a rotary part.
Tensor joined(const Pair& x);

// q is of T new tokens, k and v of S >= T tokens, the last T being the new ones: new token t sees
// keys 0 .. S-T+t. The parts of k, and v [B,S,heads,v_head_dim], may each have any number of heads
// that divides H; query head i uses head i / (H / heads). `mask` may restrict the keys to the
// token's document (S = T), to a window and to chosen keys, and may have a sink for each head.
// Returns o [B,T,H,v_head_dim].
Tensor attention(const Pair& q, const Pair& k, const Tensor& v, real scale, const Mask& mask = {});

// The arguments of the kernels. Their functions are constexpr, so GPU kernels may call them.

// One part of q or k, or v, seen as heads. An undefined part has width 0.
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

constexpr Index kAllKeys = Index(1) << 40;  // a window without an end

struct AttentionProblem {
  Heads q_c, q_r, k_c, k_r, v;
  Index B, T, S, H;
  real scale;
  const std::int32_t* first = nullptr;   // [B,T] the first key of a query's document; nullptr: 0
  const std::int32_t* until = nullptr;   // CPU: [B,S] the end of a key's document; nullptr: T
  Index window = kAllKeys;               // a query sees this many of the latest keys
  const std::int32_t* chosen = nullptr;  // [B,T,key_words(S)], or nullptr: any key
  const real* sink = nullptr;            // [H], or nullptr: none
  const std::int32_t* plays = nullptr;   // of a Recording: each replay adds T keys

  // The problem at the current replay.
  constexpr AttentionProblem now() const {
    AttentionProblem p = *this;
    const Index more = times(plays) * T;
    p.k_c.tokens += more, p.k_r.tokens += more, p.v.tokens += more, p.S += more;
    return p;
  }

  constexpr Index d() const { return q_c.width + q_r.width; }
  constexpr Index past() const { return S - T; }
  constexpr Index first_key(Index b, Index t) const {
    return std::max<Index>(first ? first[b * T + t] : 0, end_of_keys(t) - window);
  }
  constexpr Index end_of_keys(Index t) const { return past() + t + 1; }
  constexpr Index first_query(Index j) const { return std::max<Index>(0, j - past()); }
  constexpr Index end_of_queries(Index b, Index j) const {
    return std::min<Index>(until ? until[b * S + j] : T, j - past() + window);
  }

  constexpr bool is_chosen(Index b, Index t, Index j) const {
    return !chosen || (chosen[(b * T + t) * key_words(S) + j / 32] >> (j % 32) & 1);
  }
  constexpr bool is_masked() const { return first || window != kAllKeys || chosen || sink; }

  // The online softmax of a row starts with its sink, as if the sink were a key with value 0, or
  // with nothing. The maximum is finite in either case, so m - m' is never NaN.
  constexpr real first_maximum(Index h) const {
    return sink ? sink[h] : std::numeric_limits<real>::lowest();
  }
  constexpr real first_sum() const { return sink ? real(1) : real(0); }
};

struct AttentionGradients {
  Heads q_c, q_r, k_c, k_r, v;
  View sink;  // [H]; no data if there is none
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
