// The sentence with which something is refused.
#pragma once

#include <string>

#include "core/check.h"

namespace seekling {

// What f() says as it throws an Error; "not refused" if it does not.
template <class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "not refused";
}

}  // namespace seekling
