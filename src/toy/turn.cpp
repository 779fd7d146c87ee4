// The chat form of a conversation, and the hash that decides which content is held out.
#include "toy/turn.h"

namespace seekling {

std::string conversation(const std::vector<Turn>& turns) {
  std::string out;
  for (const Turn& turn : turns) {
    if (!out.empty()) out += kEndOfSentence;
    out += prompt(turn.ask) + turn.answer;
  }
  return out;
}

bool ToySplit::allows(std::string_view content) const {
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a: xor a byte, multiply by the prime
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return (Rng(seed, hash).below(kHeldoutOneIn) == 0) == heldout;
}

}  // namespace seekling
