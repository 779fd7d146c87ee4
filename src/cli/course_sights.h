// What a probe (chapters/probe.h) wrote down of each exercise, and where two of them differ.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/real.h"

namespace seekling {

// What a probe saw of one exercise.
struct Sight {
  struct Number {
    std::string name;  // y[0,2]
    double value = 0, tolerance = 0;
  };
  std::string inputs;  // in words
  std::vector<Number> numbers;
  std::optional<std::string> threw;  // an error's text
  bool whole = false;                // the probe came to its end
};

using Sights = std::map<std::string, Sight>;  // by exercise
Sights parse_sights(const std::string& text);

// Where `found` first differs from `expected`, in words; nothing if nowhere.
std::optional<std::string> difference(const Sight& expected, const Sight& found);

}  // namespace seekling
