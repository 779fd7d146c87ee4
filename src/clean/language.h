// The language of a text, by its script and, among languages in Latin letters, by its most frequent
// words: en, de, fr, es, it, pt, nl, ja, zh, ko, ru (any in Cyrillic letters), el, ar (any in
// Arabic letters), he, hi (any in Devanagari), th; "und" if none of them stands out. Enough to tell
// the parts of a corpus apart; a sentence of five words may go wrong, and so does a language of a
// list like this that is not in it. Classifiers with hundreds of languages (fastText's, CLD3) need
// a model of some hundred kilobytes to a hundred megabytes.
#pragma once

#include <string>
#include <string_view>

namespace seekling {

std::string language_of(std::string_view text);

}  // namespace seekling
