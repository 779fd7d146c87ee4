// The numbers of a text that the published filters judge. Words here are what stands between
// blanks, with its punctuation; lines and paragraphs are those with more than white space in them.
#pragma once

#include <string_view>

#include "core/real.h"

namespace seekling {

struct Measures {
  // Words. Shares are of the words, or of the lines.
  double words = 0;
  double mean_word_length = 0;  // in characters, of words that are not only punctuation
  double hashes = 0, ellipses = 0, alphabetic_words = 0;
  double stop_words = 0;    // of the, be, to, of, and, that, have, with: how many occur
  bool with_blanks = true;  // false: most letters are of a script without blanks between words

  // Lines
  double bullet_lines = 0, ellipsis_lines = 0, punctuated_lines = 0, short_lines = 0;

  // Repetition. A duplicate is a line or paragraph that stood in the text before.
  double duplicate_lines = 0, duplicate_paragraphs = 0;
  double duplicate_line_characters = 0, duplicate_paragraph_characters = 0;  // of all
  double top_2gram = 0, top_3gram = 0, top_4gram = 0;  // characters of the most frequent one
  double duplicate_5grams = 0, duplicate_6grams = 0, duplicate_7grams = 0, duplicate_8grams = 0,
         duplicate_9grams = 0, duplicate_10grams = 0;  // characters of those that stood before

  // Sentences and signs
  double sentences = 0, lorem_ipsum = 0, curly_brackets = 0;
};

Measures measures_of(std::string_view text);

// Whether a line ends a sentence: . ! ? … 。 ！ ？ or one of them before a closing quotation mark.
bool ends_sentence(std::string_view line);

}  // namespace seekling
