// A text as lines.
#pragma once

#include <algorithm>
#include <string_view>

#include "repeats/characters.h"

namespace seekling {

template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {  // each with its line break
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    visit(text.substr(0, length));
    text.remove_prefix(length);
  }
}

inline std::string_view without_blanks_around(std::string_view text) {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace seekling
