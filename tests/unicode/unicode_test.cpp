#include "unicode/unicode.h"

#include <gtest/gtest.h>

namespace seekling {

namespace {

std::string utf8(std::uint32_t point) {  // by the bit layout, without the code's table
  if (point < 0x80) return {char(point)};
  if (point < 0x800) return {char(0xC0 | point >> 6), char(0x80 | (point & 63))};
  if (point < 0x10000)
    return {char(0xE0 | point >> 12), char(0x80 | (point >> 6 & 63)), char(0x80 | (point & 63))};
  return {char(0xF0 | point >> 18), char(0x80 | (point >> 12 & 63)), char(0x80 | (point >> 6 & 63)),
          char(0x80 | (point & 63))};
}

bool surrogate(std::uint32_t point) { return 0xD800 <= point && point <= 0xDFFF; }

std::string bytes(std::initializer_list<int> values) {
  std::string s;
  for (const int v : values) s += char(v);
  return s;
}

// How many of the strings of `length` bytes that begin with one of first .. last
// are one whole character.
Index whole_characters(Index length, int first, int last) {
  Index count = 0;
  for (int lead = first; lead <= last; ++lead)
    for (std::uint32_t rest = 0; rest < 1u << (8 * (length - 1)); ++rest) {
      std::string s(1, char(lead));
      for (Index shift = 8 * (length - 2); shift >= 0; shift -= 8) s += char(rest >> shift);
      const Utf8Unit unit = next_utf8(s);
      count += unit.kind == Utf8Unit::kCharacter && unit.length == length;
    }
  return count;
}

std::string marks(Index n) {
  std::string s;
  while (n-- > 0) s += kReplacement;
  return s;
}

}  // namespace

TEST(Utf8, EveryCodePointIsOneCharacterAndEverySurrogateThreeMalformedBytes) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const std::string s = utf8(point);
    const Utf8Unit unit = next_utf8(s + "a");
    if (surrogate(point)) {
      ASSERT_EQ(unit.kind, Utf8Unit::kMalformed) << point;
      ASSERT_EQ(count_malformed(s), 3) << point;
    } else {
      ASSERT_EQ(unit.kind, Utf8Unit::kCharacter) << point;
      ASSERT_EQ(unit.length, Index(s.size())) << point;
    }
  }
}

TEST(Utf8, NothingElseIsACharacter) {  // of each length, as many sequences as code points
  EXPECT_EQ(whole_characters(2, 0x80, 0xFF), 0x800 - 0x80);
  EXPECT_EQ(whole_characters(3, 0xDF, 0xF1), 0x10000 - 0x800 - 0x800);  // without the surrogates
  EXPECT_EQ(next_utf8(utf8(0x110000)).kind, Utf8Unit::kMalformed);
  // U+FFFF in four bytes.
  EXPECT_EQ(next_utf8(bytes({0xF0, 0x8F, 0xBF, 0xBF})).kind, Utf8Unit::kMalformed);
}

TEST(Utf8, ACharacterThatTheTextEndsInsideIsCutNotMalformed) {
  for (const std::uint32_t point :
       {0x80u, 0x7FFu, 0x800u, 0xFFFFu, 0x10000u, 0x1F600u, 0x10FFFFu}) {
    const std::string whole = utf8(point);
    for (std::size_t n = 1; n < whole.size(); ++n) {
      const Utf8Unit unit = next_utf8(whole.substr(0, n));
      EXPECT_EQ(unit.kind, Utf8Unit::kCut) << point << " " << n;
      EXPECT_EQ(unit.length, Index(n)) << point;
    }
  }
  EXPECT_EQ(next_utf8(bytes({0xED, 0xA0})).kind, Utf8Unit::kMalformed);  // only a surrogate
  EXPECT_EQ(next_utf8(bytes({0xF5})).kind, Utf8Unit::kMalformed);
}

TEST(Utf8, TheExamplesOfTheUnicodeStandard) {  // §3.9, tables 3-8 to 3-11: maximal subparts
  EXPECT_EQ(utf8_lossy(bytes({0xC0, 0xAF, 0xE0, 0x80, 0xBF, 0xF0, 0x81, 0x82, 0x41})),
            marks(8) + "A");
  EXPECT_EQ(utf8_lossy(bytes({0xED, 0xA0, 0x80, 0xED, 0xBF, 0xBF, 0xED, 0xAF, 0x41})),
            marks(8) + "A");
  EXPECT_EQ(utf8_lossy(bytes({0xF4, 0x91, 0x92, 0x93, 0xFF, 0x41, 0x80, 0xBF, 0x42})),
            marks(5) + "A" + marks(2) + "B");
  EXPECT_EQ(utf8_lossy(bytes({0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41})),
            marks(4) + "A");
}

TEST(Utf8, PrefixesEndWhereTheKindChanges) {
  const std::string text = "aé日😀" + bytes({0xFF, 0xE6, 0x97}) + "b";
  EXPECT_EQ(valid_utf8_prefix(text), 1 + 2 + 3 + 4);
  EXPECT_EQ(malformed_prefix(text), 0);
  EXPECT_EQ(malformed_prefix(text.substr(10)), 3);
  EXPECT_EQ(valid_utf8_prefix(text.substr(13)), 1);
  EXPECT_EQ(count_malformed(text), 2);
  EXPECT_EQ(valid_utf8_prefix(""), 0);
  EXPECT_EQ(malformed_prefix(""), 0);
  EXPECT_EQ(utf8_lossy(""), "");
}

TEST(Utf8, ABadByteIsFoundAtAnyDistance) {  // ASCII is skipped eight bytes at a time
  for (std::size_t before = 0; before < 20; ++before)
    for (std::size_t after = 0; after < 20; ++after) {
      const std::string text = std::string(before, 'x') + '\xFF' + std::string(after, 'y');
      EXPECT_EQ(valid_utf8_prefix(text), Index(before));
      EXPECT_EQ(utf8_lossy(text), std::string(before, 'x') + marks(1) + std::string(after, 'y'));
      EXPECT_EQ(count_malformed(text), 1);
    }
}

TEST(Utf8, AReplacementCharacterInTheTextIsACharacter) {
  EXPECT_EQ(count_malformed(kReplacement), 0);
  EXPECT_EQ(utf8_lossy(kReplacement), kReplacement);
}

}  // namespace seekling
