// A made-up corpus, small enough to train on in a test.
#pragma once

#include <vector>

#include "core/rng.h"
#include "train/trainer.h"

namespace seekling {

constexpr Index kVocab = 32, T = 12;

// Row r of a made-up corpus: two documents, in each of which an id follows from the one before.
inline void append_row(Rows& rows, Index r) {
  Rng rng(5, std::uint64_t(r));
  const Index second = 3 + rng.below(T - 4);  // where the second document begins
  Index id = 0;
  for (Index t = 0; t < T; ++t) {
    id = t == 0 || t == second ? rng.below(kVocab) : (5 * id + 3) % kVocab;
    rows.ids.push_back(std::int32_t(id));
    rows.targets.push_back(t + 1 == second ? kIgnored : std::int32_t((5 * id + 3) % kVocab));
    rows.document_start.push_back(std::int32_t(t >= second ? second : 0));
  }
  for (Index ignored = 0; ignored < r % 4; ++ignored) rows.targets.rbegin()[ignored] = kIgnored;
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

inline Rows made_up_rows(Index B, Index i) {
  Rows rows{.B = B, .T = T};
  for (Index b = 0; b < B; ++b) append_row(rows, i * B + b);
  return rows;
}

inline BatchSource rows(Index B) {
  return [B](Index i) { return make_batch(made_up_rows(B, i), /*depths=*/2); };
}

}  // namespace seekling
