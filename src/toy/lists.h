// Sums, sorting, copying and brackets: exercises with one right answer each.
//
//   Copy: 3 1 7      -> 3 1 7        items are different: digits, letters or words of the village
//   Sort: 4 2 9      -> 2 4 9        digits or letters
//   Sum: 17 + 5      -> 22
//   Close: ( [ ] {   -> } )
#pragma once

#include "toy/turn.h"

namespace seekling {

Turn copy_turn(Language language, const ToySplit& split, Rng& rng);
Turn sort_turn(Language language, const ToySplit& split, Rng& rng);
Turn sum_turn(Language language, const ToySplit& split, Rng& rng);
Turn brackets_turn(Language language, const ToySplit& split, Rng& rng);

}  // namespace seekling
