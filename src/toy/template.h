// Sentences with gaps: "{A} gave the {x} to {B}." The same gaps in both languages.
//
//   {A} {B} {C} people    {x} {y} things    {p} {q} {r} places
//   English only: {a x} "an apple", {in p} "in the mill"
//                 of A: {she} {She} {her} (possessive) {girl}
#pragma once

#include <string>
#include <vector>

#include "toy/village.h"

namespace seekling {

struct Roles {  // who and what fills the gaps: numbers in the village's lists
  int A = Village::kNone, B = Village::kNone, C = Village::kNone;
  int x = Village::kNone, y = Village::kNone;
  int p = Village::kNone, q = Village::kNone, r = Village::kNone;
};

// Several ways to say one thing.
struct Telling {
  std::vector<const char*> english, japanese;
};

std::string fill(const std::string& sentence, Language language, const Roles& roles);
std::string told(const Telling& telling, Language language, const Roles& roles, Rng& rng);

// `sentence` after `text`: English puts a blank between sentences, Japanese does not.
void append_sentence(std::string& text, const std::string& sentence, Language language);

}  // namespace seekling
