// The sentence with which something is refused.
#pragma once

#include <gtest/gtest.h>

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

// Expects an Error with exactly this text.
#define EXPECT_ERROR(statement, message)           \
  try {                                            \
    statement;                                     \
    FAIL() << "no error; expected: " << (message); \
  } catch (const ::seekling::Error& error) {       \
    EXPECT_STREQ(error.what(), message);           \
  }

}  // namespace seekling
