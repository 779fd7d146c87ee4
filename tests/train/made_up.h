// A made-up corpus, small enough to train on in a test.
#pragma once

#include <vector>

#include "core/rng.h"
#include "train/trainer.h"

namespace seekling {

constexpr Index kVocab = 32, T = 12;

// Row r of a made-up corpus: two documents, in each of which an id follows from the one before.
inline void append_row(Batch& batch, Index r) {
  Rng rng(5, std::uint64_t(r));
  const Index second = 3 + rng.below(T - 4);  // where the second document begins
  Index id = 0;
  for (Index t = 0; t < T; ++t) {
    id = t == 0 || t == second ? rng.below(kVocab) : (5 * id + 3) % kVocab;
    batch.ids.push_back(std::int32_t(id));
    batch.targets.push_back(t + 1 == second ? kIgnored : std::int32_t((5 * id + 3) % kVocab));
    batch.first.push_back(std::int32_t(t >= second ? second : 0));
  }
  for (Index ignored = 0; ignored < r % 4; ++ignored) batch.targets.rbegin()[ignored] = kIgnored;
}

// A run of `steps` on it; it saves nothing and says nothing on the way.
inline TrainerState state_of(Index steps) {
  TrainerState state;
  state.settings.steps = steps, state.settings.batch_size = 4, state.settings.seq_len = T;
  state.settings.lr = 0.01, state.settings.warmup_steps = 3;
  state.settings.eval_every = 0, state.settings.save_every = 0, state.settings.sample_every = 0;
  state.data = {"made up"};
  return state;
}

inline BatchSource rows(Index B) {
  return [B](Index i) {
    Batch batch{.B = B, .T = T, .ids = {}, .targets = {}, .first = {}};
    for (Index b = 0; b < B; ++b) append_row(batch, i * B + b);
    return batch;
  };
}

}  // namespace seekling
