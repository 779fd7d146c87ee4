// A tale that can be asked about: two or three people walk about the village, take things,
// hand them on, leave them.
//
//   Anna went to the mill. Ben ran to the mill. Anna took the lamp. Anna gave the lamp to Ben.
//   Who has the lamp? -> Ben.      Where is the lamp? -> in the mill.
#pragma once

#include <string>
#include <vector>

#include "toy/turn.h"

namespace seekling {

// `ask` of a turn is the question alone: only the first question of a conversation
// repeats the tale. "tale-1": one sentence holds the answer. "tale-2": who has the thing,
// then where that person is.
struct Tale {
  std::string text;
  std::vector<Turn> questions;  // in random order; each at most once
};

// A tale on the split's side.
Tale make_tale(Language language, const ToySplit& split, Rng& rng);

std::string tale_and_question(const Tale& tale, const std::string& question, Language language);

}  // namespace seekling
