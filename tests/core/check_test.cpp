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

struct NoMemoryForIt {};
static std::ostream& operator<<(std::ostream& out, NoMemoryForIt) {
  out.setstate(std::ios::badbit);  // as the streams of the library do
  return out;
}

TEST(Text, IsWholeOrThrows) {
  EXPECT_EQ(text("train.jsonl", ":", 17), "train.jsonl:17");
  EXPECT_THROW(text("train.jsonl", ":", 1, NoMemoryForIt()), std::ios::failure);
}

}  // namespace seekling
