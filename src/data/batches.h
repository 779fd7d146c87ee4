// Rows of a token file, cut so that documents are seen whole, and dealt into batches.
//
// A row is T+1 consecutive ids: T inputs and, shifted by one, their T targets. Documents stand
// one after the other in the file, each as bos + ids + eos, and a row holds as many as fit.
// Where its end cuts a document, the next row begins again at that document's start,
// so every document of up to T+1 ids is whole in some row; only a document that fills its row
// from the start, and so cannot fit, goes on in the next. The price is that the beginnings of cut
// documents are read twice an epoch.
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

// A pseudo-random order of 0 .. n-1 that is computed, not stored: (n, seed, epoch) name it,
// i in it has its image.
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

// All rows in order, for evaluation. Each target counts once, in the first row that reaches it;
// where a later row repeats it, it is ignored. The last batch may have fewer rows.
std::vector<Batch> heldout_batches(const TokenFile& file, Index seq_len, Index batch_size,
                                   std::int32_t bos);

}  // namespace seekling
