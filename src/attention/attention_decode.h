// Attention for few queries and many keys, on a GPU: what decoding from latent caches asks for.
#pragma once

#include "attention/attention.h"

namespace seekling::cuda {

// Does attention_decode take it? A tile's few queries, values that are the content of their keys,
// and no mask: absorbed MLA.
bool is_absorbed_decode(const AttentionProblem& p);

void attention_decode(View o, View lse, const AttentionProblem& p);  // as attention_forward

// o and lse of all keys from those of `splits` spans of them, which lie one after the other.
void merge_parts(View o, View lse, View o_parts, View lse_parts, Index splits);

}  // namespace seekling::cuda
