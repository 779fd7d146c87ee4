// Sampling the next token from logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/real.h"
#include "core/rng.h"

namespace seekling {

struct Sampling {
  double temperature = 0;         // 0: always the most likely token
  Index top_k = 0;                // 0: all
  double top_p = 1;               // the fewest most likely tokens that sum to this
  double min_p = 0;               // tokens at least this share as likely as the best
  double repetition_penalty = 1;  // above 1: tokens seen before become less likely
  std::uint64_t seed = 0;
};

// Throws Error, naming the flag, for invalid settings.
void check_sampling(const Sampling& sampling);

// The distribution of the next token, [vocab_size], which sums to 1 up to rounding. `history`: the
// tokens so far, prompt and answer, for the repetition penalty.
std::vector<double> probabilities(std::span<const real> logits, const Sampling& sampling,
                                  std::span<const std::int32_t> history = {});

std::int32_t draw(std::span<const double> probabilities, Rng& rng);  // any positive sum

// draw(probabilities(...)); at temperature 0 nothing is drawn from rng.
// The same (logits, sampling, history, rng state) give the same token on any number of threads.
std::int32_t sample(std::span<const real> logits, const Sampling& sampling, Rng& rng,
                    std::span<const std::int32_t> history = {});

// Speculative decoding: the outcome of a guess drawn from q in place of p. The guess is accepted
// with probability min(1, p(guess) / q(guess)); otherwise `id` is drawn from max(0, p - q),
// normalised. `id` has distribution p: see generate.cpp.
struct GuessOutcome {
  bool accepted;
  std::int32_t id;  // the guess, or its replacement
};
GuessOutcome accept_or_resample(std::span<const double> p, std::span<const double> q,
                                std::int32_t guess, Rng& rng);

}  // namespace seekling
