#include "text/byte_chars.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "unicode/unicode.h"

namespace seekling {

TEST(ByteChars, PrintsWhatGpt2Prints) {
  EXPECT_EQ(printable("the cat\n"), "theĠcatĊ");
  EXPECT_EQ(printable("é"), "Ã©");
  EXPECT_EQ(printable("日"), "æĹ¥");
  EXPECT_EQ(printable(std::string("\0\x7F\x80\xA0\xAD", 5)), "ĀġĢłŃ");  // ends of each gap
  EXPECT_EQ(printable(""), "");
}

TEST(ByteChars, EveryByteHasOneCharacterOfItsOwnAndComesBack) {
  std::set<std::string> characters;
  for (int b = 0; b < 256; ++b) {
    const std::string byte(1, char(b)), character = printable(byte);
    EXPECT_EQ(next_utf8(character).length, Index(character.size())) << b;
    EXPECT_EQ(bytes_of_printable(character), byte) << b;
    characters.insert(character);
  }
  EXPECT_EQ(characters.size(), 256u);
}

TEST(ByteChars, WhatStandsForNoByteIsRefused) {
  for (const char* text : {" ", "\n", "\x7F", "\u00A0", "\u00AD", "\u0144", "\u3042", "a b",
                           "<｜User｜>", "\xFF", "\xC4"})
    EXPECT_EQ(bytes_of_printable(text), std::nullopt) << text;
  EXPECT_EQ(bytes_of_printable(""), "");
}

TEST(ByteChars, TheTrainersOrderIsThatOfTheCharacters) {
  const auto order = bytes_by_printable();
  EXPECT_EQ(order[0], '!');
  EXPECT_EQ(order[93], '~');
  EXPECT_EQ(order[94], 0xA1);
  EXPECT_EQ(order[187], 0xFF);
  EXPECT_EQ(order[188], 0x00);  // U+0100: here the 68 that do not stand for themselves begin
  EXPECT_EQ(order[188 + 32], ' ');
  EXPECT_EQ(order[255], 0xAD);
  EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 256u);
  for (std::size_t i = 1; i < 256; ++i)  // in UTF-8, the order of bytes is the order of code points
    EXPECT_LT(printable(std::string(1, char(order[i - 1]))),
              printable(std::string(1, char(order[i]))))
        << i;
}

}  // namespace seekling
