// Errors. A user's shapes, flags and files are checked where they enter the program. The message is
// one sentence that names what disagrees, with both values. Kernels never throw.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace seekling {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Concatenates its arguments: text("gain ", gain.shape(), " must match ...").
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  out.exceptions(std::ios::badbit);  // out of memory throws instead of truncating the text
  (out << ... << parts);
  return out.str();
}

// Throws an Error whose message is the concatenated `parts` unless `holds`.
template <class... Parts>
void check(bool holds, const Parts&... parts) {
  if (!holds) throw Error(text(parts...));
}

}  // namespace seekling
