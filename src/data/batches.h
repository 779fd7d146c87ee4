// Rows of a token file, cut so that documents stay whole, and grouped into batches.
//
// A row is T+1 consecutive ids: T inputs and, shifted by one, their T targets. The file contains
// the documents one after another, each as bos + ids + eos, and a row holds as many as fit. If the
// end of a row cuts a document, the next row starts again at the beginning of that document, so
// every document of up to T+1 ids is whole in some row. Only a document longer than a row continues
// in the next. The price: the beginnings of cut documents are read twice per epoch.
//
//   ids   a a a b b b b c c c c c c c c      T = 4: rows begin at a, b, c (cut in the row before),
//   rows  [a a a b b]                        then at the fifth id of c, which is the last target of
//               [b b b b c]                  one row and the first input of the next: each of its
//                       [c c c c c]          ids is a target once
//                               [c c c c ·]
//
// Batches are a function of (file, seed, step) alone: no state to save, nothing
// that depends on threads.
#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "data/token_file.h"

namespace seekling {

// Where the rows begin. Reads the file once, at the speed of memory.
std::vector<Index> row_starts(const TokenFile& file, Index seq_len, std::int32_t bos);

// A pseudo-random permutation of 0 .. n-1 that is computed, not stored; it is a function of (n,
// seed, epoch).
Index permuted(Index i, Index n, std::uint64_t seed, std::uint64_t epoch);

class Batches {
 public:
  // The file must outlive the batches. depths: of multi-token prediction, for make_batch().
  Batches(const TokenFile& file, Index seq_len, Index batch_size, std::uint64_t seed,
          std::int32_t bos, Index depths = 0);

  Batch at(Index step) const;  // step 0, 1, ...; an epoch has every row once, in its order
  Index rows() const { return Index(starts.size()); }
  Index steps_per_epoch() const { return (rows() + B - 1) / B; }  // the last may be partial

 private:
  const TokenFile& file;
  Index T, B;
  std::uint64_t seed;
  std::int32_t bos;
  Index depths;
  std::vector<Index> starts;
};

// All rows in order, for evaluation. Each target counts once, in the first row that contains it;
// its repetitions in later rows are ignored. The last batch may have fewer rows.
std::vector<Batch> heldout_batches(const TokenFile& file, Index seq_len, Index batch_size,
                                   std::int32_t bos);

}  // namespace seekling
