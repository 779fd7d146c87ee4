// Comparing with other programs, for bench step --against torch and bench peers.
//
// The speed of a machine drifts by more than the difference between two programs, so single runs
// prove nothing. The programs run alternately, each in its own process, and only runs of the same
// round are compared.
#pragma once

#include <string>
#include <vector>

#include "bench/bench.h"

namespace seekling {

// Of "torch, transformers": does this Python have them?
bool imports(const std::string& python, const std::string& modules);

// Error if this program's threads are bound to cores: its child processes would inherit the core of
// the thread that starts them.
void check_unbound(const std::string& asks);

// Runs a program and returns the object that it prints as its last line. Error, with the end of its
// output, if there is none or it has no tokens_per_s; `asks` names the command for the message.
Json answer_of(const std::string& asks, const std::vector<std::string>& words);

double median(std::vector<double> all);

}  // namespace seekling
