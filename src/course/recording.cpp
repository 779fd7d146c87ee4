#include "course/recording.h"

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "core/check.h"

namespace seekling {

namespace {

bool equal(const Observed::Number& expected, double found) {
  if (std::isnan(expected.value) || std::isnan(found))
    return std::isnan(expected.value) && std::isnan(found);
  if (expected.value == found) return true;  // infinities too
  return std::abs(expected.value - found) <=
         expected.tolerance * std::max(1.0, std::abs(expected.value));
}

std::string shown(double value) {
  char out[40];
  std::snprintf(out, sizeof out, "%.9g", value);
  return out;
}

}  // namespace

Observations parse_recording(const std::string& text) {
  Observations recording;
  Observed* observed = nullptr;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string first, second;
    words >> first;
    if (first == "exercise") {
      words >> second;
      observed = &recording[second];
      *observed = {};
      const std::size_t on = line.find(" on ");
      if (on != line.npos) observed->inputs = line.substr(on + 4);
    } else if (observed && first == "end") {
      observed->whole = true;
    } else if (observed && first == "threw") {
      observed->threw = line.substr(std::min<std::size_t>(line.size(), 6));
      observed->whole = true;
    } else if (observed) {
      std::string value, tolerance;
      words >> value >> tolerance;  // by strtod: it reads nan and inf
      observed->numbers.push_back(
          {first, std::strtod(value.c_str(), nullptr), std::strtod(tolerance.c_str(), nullptr)});
    }
  }
  return recording;
}

std::optional<std::string> difference(const Observed& expected, const Observed& found) {
  if (expected.threw != found.threw) {
    if (!found.threw) return text("it returned, expected the error \"", *expected.threw, "\"");
    if (*found.threw == "std::bad_alloc") return "it asked for more memory than is allowed";
    return text("it threw \"", *found.threw, "\"",
                expected.threw ? text(", expected \"", *expected.threw, "\"") : "");
  }
  const std::size_t n = std::min(expected.numbers.size(), found.numbers.size());
  std::size_t first = n, differ = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto &e = expected.numbers[i], &f = found.numbers[i];
    if (e.name == f.name && equal(e, f.value)) continue;
    if (differ++ == 0) first = i;
  }
  if (differ > 0) {
    const auto &e = expected.numbers[first], &f = found.numbers[first];
    if (e.name != f.name) return text("found ", f.name, ", expected ", e.name);
    return text(e.name, " is ", shown(f.value), ", expected ", shown(e.value),
                expected.numbers.size() == found.numbers.size()
                    ? text(" (", differ, " of ", n, " values differ)")
                    : "");
  }
  if (expected.numbers.size() != found.numbers.size())
    return text("found ", found.numbers.size(), " values, expected ", expected.numbers.size());
  return {};
}

}  // namespace seekling
