// Stop strings. Text goes through as it comes; what may be the beginning of a stop string waits
// until it is known not to be one, so that no part of a stop string is ever printed.
#pragma once

#include <string>
#include <vector>

namespace seekling {

class StopText {
 public:
  explicit StopText(std::vector<std::string> stops);  // Error for an empty one

  std::string feed(const std::string& text);  // what is now certain; nothing once stopped() is true
  std::string flush();                        // the end of the text: what still waited
  bool stopped() const { return found; }

 private:
  std::vector<std::string> stops;
  std::string waiting;
  bool found = false;
};

}  // namespace seekling
