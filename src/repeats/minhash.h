// MinHash and its bands: documents that share many shingles are found without comparing all pairs.
// Broder 1997, "On the resemblance and containment of documents"; Indyk & Motwani 1998 (LSH); the
// bands as in Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", §3.4.
//
// A document is the set of its shingles, its runs of five words. Two sets resemble each other as
//   J(A, B) = |A ∩ B| / |A ∪ B|                                              (Jaccard)
// Under a random order of all shingles the first one of A ∪ B is equally likely to be any, and it
// is the first of both A and B exactly if it is in A ∩ B. So P(min A = min B) = J: k orders give k
// such minima, the signature, and the share of equal ones estimates J with variance J (1 - J) / k.
//
// Bands: k = b r minima are cut into b bands of r. Two documents become candidates if one band is
// equal in all its r minima, so with probability
//   P(J) = 1 - (1 - J^r)^b,
// which climbs from 0 to 1 like an S, steeper for larger r and b.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/real.h"

namespace seekling {

inline constexpr Index kShingleWords = 5;

// The set of a text's shingles: sorted, each once.
std::vector<std::uint64_t> shingles_of(std::string_view text);

// |A ∩ B| / |A ∪ B|; 1 for two empty sets.
double jaccard(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b);

struct Bands {
  Index bands = 0, rows = 0;

  double found(double jaccard) const;  // P(J)
};

// The bands for a target: the largest r, which means the fewest candidates, for which k orders find
// 95 % of the pairs at the target itself.
Bands bands_for(double target, Index orders = 128);

// A number for each band: equal for two documents if their minima in the band are equal.
std::vector<std::uint64_t> band_keys(std::span<const std::uint64_t> shingles, const Bands& bands);

// The k minima, for whoever wants to estimate J from them.
std::vector<std::uint32_t> minhash_signature(std::span<const std::uint64_t> shingles, Index k);

}  // namespace seekling
