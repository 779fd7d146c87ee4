#include "attention/step.h"

namespace seekling {

const Angles& Step::angles(const Rotary& rotary) {
  for (const Made& m : made)
    if (m.rotary == rotary) return m.angles;
  std::vector<Index> positions;
  for (const TokenSlot& token : tokens) positions.push_back(token.position);
  made.push_back({rotary, Angles(positions, rotary)});
  return made.back().angles;
}

}  // namespace seekling
