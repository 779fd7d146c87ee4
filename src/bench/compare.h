// What bench step --against torch and bench peers share: other programs,
// run in turns with this one.
//
// A machine's speed drifts by more than what one program is ahead of another, so single
// runs say nothing. Programs take turns, each a process of its own, and only what ran
// in the same round is compared.
#pragma once

#include <string>
#include <vector>

#include "bench/bench.h"

namespace seekling {

// Of "torch, transformers": does this Python have them?
bool imports(const std::string& python, const std::string& modules);

// Error if this program's threads are bound to cores: what it starts would be held to the core
// of the thread that starts it.
void check_unbound(const std::string& asks);

// The object that a program prints as its last line, behind whatever else it says.
// Error with its last words if there is none, or no tokens_per_s in it; `asks` names who asked.
Json answer_of(const std::string& asks, const std::vector<std::string>& words);

double median(std::vector<double> all);

}  // namespace seekling
