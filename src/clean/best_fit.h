// The order of documents in which rows of tokens hold them whole. Best-fit-decreasing bin packing;
// Ding et al. 2024 (arXiv:2404.10830) found that fewer cut documents make better models.
//
// A row holds `capacity` ids, those of seq_len and the target after them. data/batches.h reads a
// document that a row's end cuts again from its start, so documents that fill a row one after the
// other are each read once, and the order is all that packing has to choose. A document that is
// longer than a row begins one, and the end of it shares its last row with others.
//
// Longest first, each document goes to the row with the least room that is enough for it, or begins
// a row. That needs at most 11/9 of the fewest rows (Johnson 1973).
#pragma once

#include <span>
#include <vector>

#include "core/real.h"

namespace seekling {

// lengths: ids of each document. The documents by number.
std::vector<Index> best_fit_order(std::span<const Index> lengths, Index capacity);

}  // namespace seekling
