// What the indexer of DeepSeek-V3.2 learns from: the distribution of the attention that it serves.
#pragma once

#include "attention/attention.h"

namespace seekling {

// p [B,T,S]: the attention weights of all heads, averaged; a row adds up to 1 over the keys that
// its query sees, and is 0 elsewhere. A constant: no gradient flows back.
Tensor attention_distribution(const Pair& q, const Pair& k, real scale, const Mask& mask);

struct IndexerLoss {
  Tensor mean;  // over the queries, one number
  Tensor each;  // [B,T], without a gradient
};
// KL(p_t ‖ softmax I_t) over the keys that query t sees under `mask`.          I, p [B,T,S]
IndexerLoss indexer_loss(const Tensor& I, const Tensor& p, const Mask& mask);

}  // namespace seekling
