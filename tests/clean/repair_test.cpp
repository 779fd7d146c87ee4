#include "clean/repair.h"

#include <gtest/gtest.h>

namespace seekling {

namespace {

std::string repaired_as(std::string_view text, Repairs& repairs) {
  repairs = {};
  return repaired(text, repairs);
}

}  // namespace

TEST(Repair, SoundTextStaysByteForByte) {
  Repairs repairs;
  for (const std::string text : {"", "a\tb\n", "café, naïve, Ärger – „so“", "猫がいる。",
                                 "👩‍🚀", "می‌خواهم", "5 €, «oui»", "Â"}) {
    EXPECT_EQ(repaired_as(text, repairs), text);
    EXPECT_FALSE(repairs.any()) << text;
  }
}

TEST(Repair, MisreadUtf8IsReadAgain) {
  Repairs repairs;
  EXPECT_EQ(repaired_as("cafÃ© donâ€™t Ã¼ber", repairs), "café don’t über");
  EXPECT_EQ(repairs.mojibake, 3);
  EXPECT_EQ(repaired_as("çŒ«", repairs), "猫");
  EXPECT_EQ(repaired_as("ðŸ˜€", repairs), "😀");
  EXPECT_EQ(repairs.mojibake, 1);
}

TEST(Repair, ControlsAndInvisibleCharactersGo) {
  Repairs repairs;
  EXPECT_EQ(repaired_as(std::string("a\0b\x07"
                                    "c\u200B\u00ADd\uFEFF\u0085",
                                    15),
                        repairs),
            "abcd");
  EXPECT_EQ(repairs.controls, 6);
}

TEST(Repair, LineBreaksBecomeOne) {
  Repairs repairs;
  EXPECT_EQ(repaired_as("a\r\nb\rc\r", repairs), "a\nb\nc\n");
  EXPECT_EQ(repairs.line_breaks, 3);
}

TEST(Repair, CharactersAreComposed) {
  Repairs repairs, sum;
  EXPECT_EQ(repaired_as("e\u0301 a\u0308", repairs), "é ä");
  EXPECT_EQ(repairs.composed, 1);
  sum += repairs, sum += repairs;
  EXPECT_EQ(sum.composed, 2);
}

}  // namespace seekling
