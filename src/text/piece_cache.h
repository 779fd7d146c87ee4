// A cache of the ids of recent pieces. Text repeats itself: all but a few per cent of the pieces of
// ordinary text are found here.
//
// The table has a fixed size and one slot per hash value; a new piece replaces the old one. So the
// cache is bounded for any text and allocates once, and an entry fills one cache line. Only short
// pieces are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/bpe.h"
#include "text/short_piece.h"

namespace seekling {

class PieceCache {
 public:
  static constexpr size_t kMostIds = 8, kEntries = size_t(1) << 15;  // 2 MiB

  struct alignas(64) Entry {
    ShortPiece piece;
    TokenId ids[kMostIds];
    std::uint8_t length = 0, level = 0, count = 0;  // length 0: free

    std::span<const TokenId> span() const { return {ids, count}; }
  };

  PieceCache() : entries(kEntries) {}

  // The slot of a piece, whether occupied or not; null if the piece is too long. `level` is the
  // stage that it comes from: later stages may still split it.
  Entry* place(std::string_view piece, Index level, bool& found) {
    if (piece.size() > ShortPiece::kLongest || piece.empty()) return nullptr;
    const ShortPiece wanted(piece);
    Entry& entry = entries[wanted.hash(piece.size() << 8 | std::uint64_t(level)) % kEntries];
    found = entry.length == piece.size() && entry.level == level && entry.piece == wanted;
    return &entry;
  }

  void keep(std::string_view piece, Index level, std::span<const TokenId> ids) {
    bool found = false;
    Entry* entry = place(piece, level, found);
    if (entry == nullptr || ids.size() > kMostIds) return;
    entry->piece = ShortPiece(piece);
    std::copy(ids.begin(), ids.end(), entry->ids);
    entry->length = std::uint8_t(piece.size());
    entry->level = std::uint8_t(level);
    entry->count = std::uint8_t(ids.size());
  }

 private:
  std::vector<Entry> entries;
};

}  // namespace seekling
