// A story: a beginning, a middle and an end, told for its own sake.
#pragma once

#include <string>

#include "toy/turn.h"

namespace seekling {

// Its content, for the split, is the plot with its hero, thing and first place.
std::string make_story(Language language, const ToySplit& split, Rng& rng);

// "Tell me a story." in the words of the language.
std::string story_request(Language language);

}  // namespace seekling
