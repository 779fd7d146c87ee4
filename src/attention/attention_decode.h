// Attention for few queries and many keys on a GPU, for decoding from latent caches.
#pragma once

#include "attention/attention.h"

namespace seekling::cuda {

// Can attention_decode compute this? It must be absorbed MLA: queries that fit in few tiles, values
// that are the content part of their keys, and no mask.
bool is_absorbed_decode(const AttentionProblem& p);

void attention_decode(View o, View lse, const AttentionProblem& p);  // as attention_forward

// Combines o and lse of `splits` consecutive spans of keys to those of all keys.
void merge_parts(View o, View lse, View o_parts, View lse_parts, Index splits);

}  // namespace seekling::cuda
