// The scores by which the indexer of DeepSeek-V3.2 ranks the keys of a query, and the best of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

// I [B,T,S] of T queries, the last of S tokens, with HI heads of dI:
//   q [B,T,HI,dI]   k [B,S,1,dI]   w [B,T,HI]
// Keys after a query have the score 0, which means nothing: best_keys() leaves them out.
Tensor index_scores(const Tensor& q, const Tensor& k, const Tensor& w, real scale);

// The scores of one query, I[s] of keys [S,dI]; the same bits as in index_scores().
void score_keys(real* I, View keys, View q, const real* w, real scale);

// Of each query the positions of its `count` best keys, ascending, among those from the first of
// its document up to itself; -1 after them where there are fewer. Of equal scores the earlier key
// wins. [B,T,count]; document_start as in Mask.
std::vector<std::int32_t> best_keys(const Tensor& I, Index count,
                                    std::span<const std::int32_t> document_start = {});

}  // namespace seekling
