#include "attention/step.h"

#include <cmath>

namespace seekling {

Angles::Angles(std::span<const TokenSlot> tokens, const Rotary& rotary)
    : pairs(Index(rotary.theta.size())) {
  for (const TokenSlot& token : tokens)
    for (const double theta : rotary.theta) {
      cos.push_back(real(rotary.factor * std::cos(double(token.position) * theta)));
      sin.push_back(real(rotary.factor * std::sin(double(token.position) * theta)));
    }
}

const Angles& Step::angles(const Rotary& rotary) {
  for (const Made& m : made)
    if (m.rotary == rotary) return m.angles;
  made.push_back({rotary, Angles(tokens, rotary)});
  return made.back().angles;
}

}  // namespace seekling
