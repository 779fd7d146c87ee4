// What the parts of the toy world share: its two languages, a turn of a conversation, and the split
// into training and held-out content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/rng.h"

namespace seekling {

enum class Language { english, japanese };

// <｜end▁of▁sentence｜>, as DeepSeek-V2's tokenizer spells it: the bars are U+FF5C,
// the low blocks U+2581.
inline constexpr const char* kEndOfSentence = "<\uFF5Cend\u2581of\u2581sentence\uFF5C>";

// A question and its answer. `ask` is what the user says; `answer` begins with a blank,
// because "Assistant:" ends without.
struct Turn {
  std::string kind;    // of the question: "tale-1", "tale-2", "sum", "sort", "copy", "brackets"
  std::string ask;     // "Copy: 3 1 7"
  std::string answer;  // " 3 1 7"
};

// DeepSeek-V2's chat form: "User: Copy: 3 1 7\n\nAssistant:", where the model continues.
inline std::string prompt(const std::string& ask) { return "User: " + ask + "\n\nAssistant:"; }

// The turns one after the other, with the end of a sentence between them, but neither before
// the first nor after the last.
std::string conversation(const std::vector<Turn>& turns);

// Which content is kept for testing. The content, not the document, decides: the operands of a sum,
// the items of a list, the course of a tale. Hashed with the seed, about one in sixteen is held
// out, whatever the language, and no training document ever contains it; so a right answer
// to a held-out question cannot have been learnt by heart.
struct ToySplit {
  std::uint64_t seed;
  bool heldout;  // which side the documents being made are on

  bool allows(std::string_view content) const;  // is this content on our side?
};

inline constexpr Index kHeldoutOneIn = 16;

// An element of a list, each with the same chance.
template <class List>
const auto& pick(const List& list, Rng& rng) {
  return list[std::size_t(rng.below(Index(std::size(list))))];
}

inline bool chance(int percent, Rng& rng) { return rng.below(100) < percent; }

// Fisher-Yates; std::shuffle is free to draw differently on each platform.
template <class T>
void shuffle(std::vector<T>& list, Rng& rng) {
  for (std::size_t i = list.size(); i > 1; --i)
    std::swap(list[i - 1], list[std::size_t(rng.below(Index(i)))]);
}

}  // namespace seekling
