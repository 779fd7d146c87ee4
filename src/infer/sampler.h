// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <span>

#include "core/real.h"
#include "core/rng.h"

namespace seekling {

struct Sampling {
  double temperature = 0;  // 0: always the most likely token
  Index top_k = 0;         // 0: all
  double top_p = 1;        // the smallest set of most likely tokens whose probabilities reach this
  std::uint64_t seed = 0;
};

// Throws Error, naming the flag, for settings that make no sense.
void check_sampling(const Sampling& sampling);

// The same (logits, sampling, rng state) give the same token on any number of threads.
std::int32_t sample(std::span<const real> logits, const Sampling& sampling, Rng& rng);

}  // namespace seekling
