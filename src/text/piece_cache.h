// The ids of pieces seen before. Text repeats itself: of the pieces of ordinary text all but
// a few in a hundred are here.
//
// A table of fixed size in which a piece has one place, by its hash; a newcomer takes the place
// of whoever is there. So it stays bounded whatever the text, allocates once, and an entry fills
// one cache line. Only short pieces are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "text/bpe.h"

namespace seekling {

class PieceCache {
 public:
  static constexpr size_t kLongestPiece = 24, kMostIds = 8, kEntries = size_t(1) << 15;  // 2 MiB

  struct alignas(64) Entry {
    std::uint64_t bytes[kLongestPiece / 8];  // the piece, then zeros
    TokenId ids[kMostIds];
    std::uint8_t length = 0, level = 0, count = 0;  // length 0: free

    std::span<const TokenId> span() const { return {ids, count}; }
  };

  PieceCache() : entries(kEntries) {}

  // Where the piece's ids are or would be kept; null if it is too long. `level`: the stage it comes
  // from, as the same bytes may still be split by later stages or not.
  Entry* place(std::string_view piece, Index level, bool& found) {
    if (piece.size() > kLongestPiece || piece.empty()) return nullptr;
    std::uint64_t bytes[kLongestPiece / 8] = {};
    std::memcpy(bytes, piece.data(), piece.size());
    std::uint64_t hash = piece.size() << 8 | std::uint64_t(level);
    for (const std::uint64_t word : bytes)
      hash = (hash ^ word) * 0x9E3779B97F4A7C15u, hash ^= hash >> 32;
    Entry& entry = entries[hash % kEntries];
    found = entry.length == piece.size() && entry.level == level &&
            std::memcmp(entry.bytes, bytes, sizeof bytes) == 0;
    return &entry;
  }

  void keep(std::string_view piece, Index level, std::span<const TokenId> ids) {
    bool found = false;
    Entry* entry = place(piece, level, found);
    if (entry == nullptr || ids.size() > kMostIds) return;
    std::memset(entry->bytes, 0, sizeof entry->bytes);
    std::memcpy(entry->bytes, piece.data(), piece.size());
    std::copy(ids.begin(), ids.end(), entry->ids);
    entry->length = std::uint8_t(piece.size());
    entry->level = std::uint8_t(level);
    entry->count = std::uint8_t(ids.size());
  }

 private:
  std::vector<Entry> entries;
};

}  // namespace seekling
