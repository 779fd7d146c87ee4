// The recording of a probe (chapters/probe.h): the values and errors of each exercise,
// and where two of them differ.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/real.h"

namespace seekling {

// One exercise's part of a recording.
struct Observed {
  struct Number {
    std::string name;  // y[0,2]
    double value = 0, tolerance = 0;
  };
  std::string inputs;  // in words
  std::vector<Number> numbers;
  std::optional<std::string> threw;  // an error's text
  bool whole = false;                // the probe ran to its end
};

using Observations = std::map<std::string, Observed>;  // by exercise
Observations parse_recording(const std::string& text);

// The first place where `found` differs from `expected`, in words; nothing if they are equal.
std::optional<std::string> difference(const Observed& expected, const Observed& found);

}  // namespace seekling
