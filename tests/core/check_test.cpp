#include "core/check.h"

#include <gtest/gtest.h>

namespace seekling {

TEST(Check, WritesItsPartsAsOneSentence) {
  try {
    check(1 > 2, "--threads: found ", 0, ", expected at least ", 1);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "--threads: found 0, expected at least 1");
  }
  EXPECT_NO_THROW(check(true, "unseen"));
}

}  // namespace seekling
