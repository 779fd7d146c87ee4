// A callback for progress messages and notes: one line of text without a line break. The library
// itself writes to no stream.
#pragma once

#include <functional>
#include <string>

namespace seekling {

using Say = std::function<void(const std::string& line)>;

}  // namespace seekling
