// The suffix array: the positions of a sequence, sorted by the suffixes that start there. Manber &
// Myers 1990, "Suffix arrays: a new method for on-line string searches". Positions with a long
// common continuation are adjacent, so all repeats of a text can be read off, whatever their
// length.
//
//   b a n a n a     suffixes      a(5)  ana(3)  anana(1)  banana(0)  na(4)  nana(2)
//   0 1 2 3 4 5     common              1       3         0          0      2
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace seekling {

// The suffixes in order, each by its first place. Symbols are any numbers; at most 2^32 - 1 of
// them.
std::vector<std::uint32_t> suffix_array(std::span<const std::uint64_t> text);

// For each suffix of the array, how many symbols it has in common with the one before it; 0 for the
// first.
std::vector<std::uint32_t> common_prefixes(std::span<const std::uint64_t> text,
                                           std::span<const std::uint32_t> suffixes);

}  // namespace seekling
