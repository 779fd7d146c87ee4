// A piece short enough to be compared as a few machine words; nearly all pieces are.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace seekling {

struct ShortPiece {
  static constexpr size_t kLongest = 24;

  std::uint64_t words[kLongest / 8] = {};  // its bytes, then zeros

  ShortPiece() = default;
  explicit ShortPiece(std::string_view piece) {  // of at most kLongest bytes
    std::memcpy(words, piece.data(), piece.size());
  }

  std::uint64_t hash(std::uint64_t start) const {
    std::uint64_t hash = start;
    for (const std::uint64_t word : words)
      hash = (hash ^ word) * 0x9E3779B97F4A7C15u, hash ^= hash >> 32;
    return hash;
  }
  std::string_view text(size_t length) const {
    return {reinterpret_cast<const char*>(words), length};
  }

  bool operator==(const ShortPiece& other) const {
    return words[0] == other.words[0] && words[1] == other.words[1] && words[2] == other.words[2];
  }
};

}  // namespace seekling
