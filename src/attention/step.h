// A step of inference: some tokens of one or many sequences, each following the tokens that its
// sequence has in the cache.
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
  bool prompt;   // a part of one prompt: it may use the attention of training
  Index wanted;  // the last `wanted` tokens need an output; the others only fill the cache

  std::span<const TokenSlot> wanted_tokens() const { return tokens.last(size_t(wanted)); }
  // Computed once per step for all layers with the same rotary.
  const Angles& angles(const Rotary& rotary);

 private:
  struct Made {
    Rotary rotary;
    Angles angles;
  };
  std::deque<Made> made;  // a deque: its elements never move
};

}  // namespace seekling
