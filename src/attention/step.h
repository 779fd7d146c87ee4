// A step of inference: some tokens, of one sequence or of many, each after those that its sequence
// has in the cache.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "attention/attend.h"
#include "attention/pages.h"
#include "attention/positions.h"

namespace seekling {

struct Step {
  Step(std::span<const TokenSlot> all, Pages& cache, bool of_prompt, Index last)
      : tokens(all), pages(cache), prompt(of_prompt), wanted(last) {}

  std::span<const TokenSlot> tokens;  // N; the tokens of one sequence are adjacent
  Pages& pages;
  bool prompt;   // a part of one prompt: attention may be that of training
  Index wanted;  // of the last `wanted` tokens the output is needed, of the others only the cache

  std::span<const TokenSlot> wanted_tokens() const { return tokens.last(size_t(wanted)); }
  // Made once a step for all layers that have the same rotary.
  const Angles& angles(const Rotary& rotary);

 private:
  struct Made {
    Rotary rotary;
    Angles angles;
  };
  std::deque<Made> made;  // whose elements do not move
};

}  // namespace seekling
