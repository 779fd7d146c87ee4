// The keys that each query of attention() sees. Attention is causal: a token sees itself and
// earlier tokens. A mask restricts that further, and a sink takes a share of the weights.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/ints.h"
#include "tensor/tensor.h"

namespace seekling {

struct Mask {
  // [B,T]: for each token the first position of its document; it sees no earlier key. Must not
  // decrease along a row. Empty: one document. The caller owns the memory.
  std::span<const std::int32_t> document_start = {};

  // A sliding window: the number of latest keys that a token sees, including itself; 0: all. In
  // DeepSeek-V4 it is 128.
  Index window = 0;

  // A set of keys for each token, made by key_sets() and shared by all heads: a token sees no key
  // outside its set. At least one visible key must remain, or there must be a sink. DeepSeek-V3.2's
  // indexer selects such sets. On the device of the queries. Empty: no restriction.
  Ints chosen = {};

  // A learned logit per head [H] that takes part in the softmax like a key with value 0, so that a
  // head can attend to nothing (DeepSeek-V4). Undefined: none.
  Tensor sink = {};
};

// Sets of keys as bits: key j of a token is bit j % 32 of word j / 32 of its row.
constexpr Index key_words(Index S) { return (S + 31) / 32; }  // for S keys

// Makes sets [tokens,key_words(S)] of the keys at `positions`, which has a row of equal length for
// each token. Position -1 stands for no key.
Ints key_sets(std::span<const std::int32_t> positions, Index tokens, Index S);

}  // namespace seekling
