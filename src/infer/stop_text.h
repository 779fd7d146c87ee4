// Stop strings. Text passes through as it arrives; a possible beginning of a stop string is held
// back until it is known not to be one, so no part of a stop string is ever printed.
#pragma once

#include <string>
#include <vector>

namespace seekling {

class StopText {
 public:
  explicit StopText(std::vector<std::string> stops);  // Error for an empty one

  std::string feed(const std::string& text);  // returns text now certain; "" once stopped()
  std::string flush();                        // at the end of the text: the rest held back
  bool stopped() const { return found; }

 private:
  std::vector<std::string> stops;
  std::string waiting;
  bool found = false;
};

}  // namespace seekling
