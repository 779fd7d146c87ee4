// A batch: rows of ids, their document mask, and the targets of each depth of prediction with their
// weights and counts. All of it is computed once, when the batch is made; training only reads it.
//
// Depth 0 is the next token. Depth k is multi-token prediction, DeepSeek-V3 (arXiv:2412.19437)
// eq. 24: position i predicts the token at i + k + 1.
//
//   position  0 1 2 3 4 5        two documents, a b c and x y z; · is ignored
//   ids       a b c x y z        no document predicts the next one's first token
//   depth 0   b c · y z ·
//   depth 1   c · · z ·          one position less at each depth
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/ignored.h"
#include "core/real.h"

namespace seekling {

struct Rows {  // the material of a batch: B rows of T tokens
  Index B = 0, T = 0;
  std::vector<std::int32_t> ids = {};      // [B,T]
  std::vector<std::int32_t> targets = {};  // [B,T] the id after ids[b,t], or kIgnored after eos
  // [B,T] where the document of ids[b,t] begins, for attention; empty: a row is one document
  std::vector<std::int32_t> document_start = {};
  std::vector<float> weights = {};  // [B,T] the weight of each target in the loss; empty: 1
};

struct Targets {                       // of one depth k, for positions 0 .. T-k-1 of each row
  std::vector<std::int32_t> ids = {};  // [B,T-k]; kIgnored: not counted in the loss
  std::vector<float> weights = {};     // [B,T-k]; 0 for an ignored target
  double counted = 0;                  // Σ weights: the number of targets that count, if each
                                       // weighs 1
};

struct Batch {
  Index B = 0, T = 0;
  std::vector<std::int32_t> ids = {};             // [B,T]
  std::vector<std::int32_t> document_start = {};  // [B,T], or empty
  std::vector<Targets> targets = {};  // by depth; depths that reach past a row are left out
};

// depths: of multi-token prediction, after the next token.
Batch make_batch(Rows rows, Index depths = 0);

// For each position of rows [B,T], the value k places later, [B,T-k].
std::vector<std::int32_t> values_ahead(std::span<const std::int32_t> values, Index B, Index T,
                                       Index k);

}  // namespace seekling
