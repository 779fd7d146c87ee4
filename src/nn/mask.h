// The keys that each query of attention() sees. Attention is causal: a token sees itself and tokens
// before it. A mask narrows that, and a sink takes a share of the weights.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/ints.h"
#include "tensor/tensor.h"

namespace seekling {

struct Mask {
  // Of each token [B,T] the first position of its document, before which it sees no key; it must
  // not fall along a row. Empty: one document. The caller keeps it.
  std::span<const std::int32_t> document_start = {};

  // The latest keys that a token sees, itself counted; 0: all. A sliding window is 128 of them
  // in DeepSeek-V4.
  Index window = 0;

  // A set of keys for each token, as key_sets() makes it: a token sees no key outside its set. All
  // heads share it. At least one key of it must be left, or there must be a sink. DeepSeek-V3.2's
  // indexer chooses such keys. On the device of the queries. Empty: no choice is made.
  Ints chosen = {};

  // A learned logit of each head [H] that takes part in the softmax beside the keys' and has the
  // value 0: a head can give its weight to nothing (DeepSeek-V4). Undefined: none.
  Tensor sink = {};
};

// Sets of keys as bits: key j of a token is bit j % 32 of word j / 32 of its row.
constexpr Index key_words(Index S) { return (S + 31) / 32; }  // of S keys

// The keys at `positions`, a row of equal length for each token, as sets [tokens,key_words(S)].
// A position of -1 is none.
Ints key_sets(std::span<const std::int32_t> positions, Index tokens, Index S);

}  // namespace seekling
