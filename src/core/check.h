// Errors. A user's shapes, flags and files are checked where they come in, with one
// sentence that says what disagrees, both values and their names. Kernels never throw.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace seekling {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The parts, written one after the other: text("gain ", gain.shape(), " must match ...").
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  out.exceptions(std::ios::badbit);  // without memory the text would silently end early
  (out << ... << parts);
  return out.str();
}

// Throws Error with the sentence made of `parts` unless `holds`.
template <class... Parts>
void check(bool holds, const Parts&... parts) {
  if (!holds) throw Error(text(parts...));
}

}  // namespace seekling
