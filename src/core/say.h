// A callback for a line that tells a person how work proceeds: progress or a note, without a line
// break. The library writes to no stream by itself.
#pragma once

#include <functional>
#include <string>

namespace seekling {

using Say = std::function<void(const std::string& line)>;

}  // namespace seekling
