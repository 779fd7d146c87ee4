// The words of a text as numbers, for comparing texts. A word is a run of letters, digits and
// marks; in scripts that put no blanks between words (Han, kana, Thai, Lao, Khmer, Burmese) it is
// one letter. Case does not count: A-Z and the capitals of Latin-1, Greek and Cyrillic are read as
// their small letters. Everything between words is left out.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/real.h"

namespace seekling {

// A well-mixed number of 64 bits for each word. Two different words have the same one with
// probability 2^-64.
std::vector<std::uint64_t> word_hashes(std::string_view text);

// Where each word begins, in bytes.
std::vector<std::uint32_t> word_begins(std::string_view text);

// A number for each n consecutive words. A text of fewer than n words, but of some, has one.
std::vector<std::uint64_t> ngram_hashes(std::span<const std::uint64_t> words, Index n);

// The text's number, in which runs of white space count as one blank and not at its ends.
std::uint64_t text_hash(std::string_view text);

std::uint64_t mixed(std::uint64_t number);  // each bit depends on all bits of `number`

}  // namespace seekling
