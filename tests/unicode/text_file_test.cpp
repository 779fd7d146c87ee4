#include "unicode/text_file.h"

#include <gtest/gtest.h>

#include "refusal.h"

namespace seekling {

namespace {

using namespace std::string_literals;

std::string text_of(const std::string& bytes) {
  std::string converted;
  return std::string(text_in_file(bytes, converted, "a.txt"));
}

// The characters of Latin-1 in `width` bytes each.
std::string wide(const std::string& latin, int width, bool big_endian) {
  std::string bytes;
  for (const char c : latin) {
    const std::string zeros(std::size_t(width) - 1, '\0');
    bytes += big_endian ? zeros + c : c + zeros;
  }
  return bytes;
}

}  // namespace

TEST(TextFile, AnyTextWithoutAMarkStaysAsItIs) {
  for (const std::string& bytes : {""s, "plain"s, "caf\xE9 \xFF\0 end"s, "\xC3\xA9"s, "BZhang"s})
    EXPECT_EQ(text_of(bytes), bytes);
}

TEST(TextFile, AUtf8MarkIsDropped) {
  EXPECT_EQ(text_of("\xEF\xBB\xBFtext"), "text");
  EXPECT_EQ(text_of("\xEF\xBB\xBF"), "");
  EXPECT_EQ(text_of("\xEF\xBB\xBF\xEF\xBB\xBF"), "\xEF\xBB\xBF");  // only the first
}

TEST(TextFile, Utf16AndUtf32WithAMarkBecomeUtf8) {
  EXPECT_EQ(text_of("\xFF\xFE"s + wide("old mill\r\n", 2, false)), "old mill\r\n");
  EXPECT_EQ(text_of("\xFE\xFF"s + wide("old mill\r\n", 2, true)), "old mill\r\n");
  EXPECT_EQ(text_of("\xFF\xFE\0\0"s + wide("old mill", 4, false)), "old mill");
  EXPECT_EQ(text_of("\0\0\xFE\xFF"s + wide("old mill", 4, true)), "old mill");
  EXPECT_EQ(text_of("\xFE\xFF\x00\xE9\x30\x42\xD8\x3D\xDE\x00"s), "éあ😀");
}

TEST(TextFile, HalvesOfCharactersBecomeReplacementCharacters) {
  EXPECT_EQ(text_of("\xFE\xFF\xD8\x3D\x00\x61"s), "\uFFFDa");
  EXPECT_EQ(text_of("\xFE\xFF\xDE\x00"s), "\uFFFD");
  EXPECT_EQ(text_of("\xFE\xFF\x00\x61\x00"s), "a\uFFFD");
}

TEST(TextFile, WhatIsNoTextIsRefusedWithAWayOut) {
  const auto said = [](const std::string& bytes) { return refusal([&] { text_of(bytes); }); };
  EXPECT_EQ(said("\x1F\x8B\x08..."),
            "a.txt: is compressed by gzip, not text; unpack it first: gunzip");
  EXPECT_EQ(said("\x28\xB5\x2F\xFD..."),
            "a.txt: is compressed by zstd, not text; unpack it first: unzstd");
  EXPECT_EQ(said("BZh91AY&SY"),
            "a.txt: is compressed by bzip2, not text; unpack it first: "
            "bunzip2");
  EXPECT_EQ(said("%PDF-1.7"), "a.txt: is a PDF, not text; give its text: pdftotext");
  EXPECT_EQ(said(wide("The boy went to the forest.", 2, false)),
            "a.txt: looks like UTF-16 without a byte order mark; convert it first: iconv -f "
            "UTF-16LE -t UTF-8");
  EXPECT_EQ(said(wide("The boy went to the forest.", 2, true)),
            "a.txt: looks like UTF-16 without a byte order mark; convert it first: iconv -f "
            "UTF-16BE -t UTF-8");
}

}  // namespace seekling
