// Rows, their order and their masks. See batches.h for the rule by which rows are cut.
#include "data/batches.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/rng.h"

namespace seekling {

// The last document that begins in (begin, end], or `begin` if none does.
static Index last_beginning(const TokenFile& file, Index begin, Index end, std::int32_t bos) {
  while (end > begin && file[end] != bos) --end;
  return end;
}

std::vector<Index> row_starts(const TokenFile& file, Index seq_len, std::int32_t bos) {
  const Index N = file.size(), T = seq_len;
  check(N >= 2, "batches: the token file has ", N,
        " ids; a row needs at least 2, one to read and one to predict");
  check(T >= 1, "batches: seq_len is ", T, " and must be at least 1");
  check(bos >= 0 && bos < file.vocab_size(), "batches: bos_token_id is ", bos,
        ", outside the token file's vocabulary of ", file.vocab_size());
  std::vector<Index> starts{0};
  while (starts.back() + T < N - 1) {  // ids remain after this row's last target
    const Index start = starts.back(), last = start + T;
    const Index document = last_beginning(file, start, last, bos);
    const bool whole = file[last + 1] == bos;  // the row ends where a document ends
    const Index next = whole ? last + 1 : document > start ? document : last;
    if (next == N - 1) break;  // a single id is left, with nothing to predict
    starts.push_back(next);
  }
  return starts;
}

// A Feistel network (Luby & Rackoff 1988) turns any function f into a bijection of pairs of h-bit
// halves: (l, r) becomes (r, l ^ f(r)), which is invertible for any f. Its domain, 2^2h < 4n
// numbers, is larger than n: an image outside 0 .. n-1 is mapped again until it is inside ("cycle
// walking"). That is still a bijection of 0 .. n-1, because each cycle of the large permutation
// only loses its outside members.
Index permuted(Index i, Index n, std::uint64_t seed, std::uint64_t epoch) {
  int half = 1;
  while (Index(1) << 2 * half < n) ++half;
  const std::uint64_t mask = (std::uint64_t(1) << half) - 1;
  auto x = std::uint64_t(i);
  do {
    std::uint64_t left = x >> half, right = x & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const std::uint64_t f = Rng(seed, epoch, round, right).next() & mask;
      left = std::exchange(right, left ^ f);
    }
    x = left << half | right;
  } while (x >= std::uint64_t(n));
  return Index(x);
}

// Appends the row that starts at `start`. Beyond the end of the file it is padded with bos, each a
// separate document.
static void append_row(Rows& rows, const TokenFile& file, Index start, std::int32_t bos) {
  const Index T = rows.T, held = std::min(T + 1, file.size() - start);
  std::vector<std::int32_t> row(T + 1, bos);
  file.read(start, std::span(row).first(held));
  std::int32_t document_start = 0;
  for (Index t = 0; t < T; ++t) {
    if (row[t] == bos) document_start = std::int32_t(t);
    rows.ids.push_back(row[t]);
    rows.targets.push_back(row[t + 1] == bos ? kIgnored : row[t + 1]);
    rows.document_start.push_back(document_start);
  }
  ++rows.B;
}

static Rows no_rows(Index B, Index T) {
  Rows rows{.B = 0, .T = T};
  for (auto* part : {&rows.ids, &rows.targets, &rows.document_start}) part->reserve(B * T);
  return rows;
}

Batches::Batches(const TokenFile& f, Index seq_len, Index batch_size, std::uint64_t s,
                 std::int32_t b, Index d)
    : file(f), T(seq_len), B(batch_size), seed(s), bos(b), depths(d),
      starts(row_starts(f, seq_len, b)) {
  check(B >= 1, "batches: batch_size is ", B, " and must be at least 1");
}

Batch Batches::at(Index step) const {
  check(step >= 0, "batches: step is ", step, " and must be at least 0");
  Rows batch = no_rows(B, T);
  for (Index sample = step * B; sample < (step + 1) * B; ++sample) {
    const Index row = permuted(sample % rows(), rows(), seed, std::uint64_t(sample / rows()));
    append_row(batch, file, starts[row], bos);
  }
  return make_batch(std::move(batch), depths);
}

std::vector<Batch> heldout_batches(const TokenFile& file, Index seq_len, Index batch_size,
                                   std::int32_t bos) {
  check(batch_size >= 1, "batches: batch_size is ", batch_size, " and must be at least 1");
  const Index T = seq_len;
  std::vector<Batch> batches;
  Rows rows = no_rows(batch_size, T);
  const auto finish = [&] {
    batches.push_back(make_batch(std::exchange(rows, no_rows(batch_size, T))));
  };
  Index counted = 0;  // the id up to which targets have been counted
  for (const Index start : row_starts(file, T, bos)) {
    if (rows.B == batch_size) finish();
    append_row(rows, file, start, bos);
    const Index repeated = std::clamp<Index>(counted - start, 0, T);  // target t: id start + t + 1
    std::fill_n(rows.targets.end() - T, repeated, kIgnored);
    counted = start + T;
  }
  finish();
  return batches;
}

}  // namespace seekling
