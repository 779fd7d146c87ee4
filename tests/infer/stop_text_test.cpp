#include "infer/stop_text.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

namespace {

std::string printed(const std::vector<std::string>& stops, const std::string& text,
                    std::size_t at_a_time) {
  StopText stop(stops);
  std::string out;
  for (std::size_t i = 0; i < text.size() && !stop.stopped(); i += at_a_time)
    out += stop.feed(text.substr(i, at_a_time));
  return out + stop.flush();
}

}  // namespace

TEST(StopText, EndsBeforeTheFirstStopStringHoweverTheTextComes) {
  for (std::size_t n : {1, 2, 3, 100}) {
    EXPECT_EQ(printed({"User:"}, "I see.\nUser: and?", n), "I see.\n");
    EXPECT_EQ(printed({"\n\n", "User"}, "a\nUsers\n\n", n), "a\n");
    EXPECT_EQ(printed({"aab"}, "aaab", n), "a");
    EXPECT_EQ(printed({"xyz"}, "xyxyxyw xy", n), "xyxyxyw xy");
    EXPECT_EQ(printed({}, "all of it", n), "all of it");
    EXPECT_EQ(printed({"a"}, "abc", n), "");
  }
}

TEST(StopText, HoldsBackWhatMayBecomeAStopStringAndNoMore) {
  StopText stop({"User:", "Us!"});
  EXPECT_EQ(stop.feed("a U"), "a ");
  EXPECT_EQ(stop.feed("s"), "");
  EXPECT_EQ(stop.feed("e U"), "Use ");
  EXPECT_EQ(stop.feed("s!x"), "");
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(stop.feed("more"), "");
  EXPECT_EQ(stop.flush(), "");
}

TEST(StopText, AnEmptyOneIsRefused) {
  EXPECT_ERROR(StopText({"a", ""}), "--stop: is empty, expected a text");
}

}  // namespace seekling
