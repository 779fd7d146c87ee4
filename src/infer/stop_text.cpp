#include "infer/stop_text.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace seekling {

StopText::StopText(std::vector<std::string> strings) : stops(std::move(strings)) {
  for (const std::string& stop : stops) check(!stop.empty(), "--stop: is empty, expected a text");
}

std::string StopText::feed(const std::string& text) {
  if (found) return {};
  waiting += text;
  std::size_t end = waiting.npos;  // where the first stop string begins
  for (const std::string& stop : stops) end = std::min(end, waiting.find(stop));
  if (end != waiting.npos) {
    found = true;
    return std::exchange(waiting, {}).substr(0, end);
  }
  std::size_t kept = 0;  // the longest end of the text that begins a stop string
  for (const std::string& stop : stops)
    for (std::size_t n = std::min(stop.size() - 1, waiting.size()); n > kept; --n)
      if (waiting.ends_with(std::string_view(stop).substr(0, n))) kept = n;
  const std::string certain = waiting.substr(0, waiting.size() - kept);
  waiting.erase(0, certain.size());
  return certain;
}

std::string StopText::flush() { return found ? std::string() : std::exchange(waiting, {}); }

}  // namespace seekling
