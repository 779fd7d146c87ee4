// Byte-pair encoding of one piece: its bytes, merged pair by pair (Sennrich et
// al. 2016, arXiv:1508.07909; on bytes: Radford et al. 2019). As long as some adjacent pair has
// a merge, the one of lowest rank is merged, the leftmost of equals.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/real.h"

namespace seekling {

using TokenId = std::int32_t;
inline constexpr TokenId kNoToken = -1;

struct Merge {
  TokenId left, right, result;

  bool operator==(const Merge&) const = default;
};

// The token for a byte that has none: once for each such byte or, fused, once for a run of them.
// id kNoToken: the byte is dropped, and its neighbours may merge.
struct UnknownByte {
  TokenId id = kNoToken;
  bool fused = false;

  bool operator==(const UnknownByte&) const = default;
};

class Bpe {
 public:
  // byte_ids: the token of each byte, or kNoToken. merges: by rank, no pair twice.
  Bpe(const std::array<TokenId, 256>& byte_ids, const std::vector<Merge>& merges,
      UnknownByte unknown = {});

  // Memory that an encoding writes to: one for each thread.
  struct Scratch {
    struct Symbol {
      TokenId id;  // kGone once it is merged into the symbol on its left
      std::int32_t previous, next;
    };
    struct Candidate {
      std::int32_t rank, at;  // the pair whose left symbol is `at`
      TokenId left, right;    // as they were then: if they have changed, it is out of date
    };
    std::vector<Symbol> symbols;
    std::vector<Candidate> heap;
  };

  // Appends the ids of `piece` to `ids`. n log n in its length. Error from 2 GiB on.
  void encode(std::string_view piece, std::vector<TokenId>& ids, Scratch& scratch) const;

 private:
  struct Slot {  // open addressing: a lookup is one or two cache lines
    std::uint64_t pair = kEmpty;
    std::int32_t rank = 0;
    TokenId result = 0;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t(0);

  const Slot* find(TokenId left, TokenId right) const;  // null if the pair has no merge
  size_t home(std::uint64_t pair) const { return size_t((pair * 0x9E3779B97F4A7C15u) >> shift); }
  void push(std::int32_t at, Scratch& scratch) const;
  std::int32_t symbols_of(std::string_view piece, Scratch& scratch) const;

  std::array<TokenId, 256> byte_ids;
  UnknownByte unknown;
  std::vector<Slot> slots;  // a power of two, at most half full
  int shift;
};

}  // namespace seekling
