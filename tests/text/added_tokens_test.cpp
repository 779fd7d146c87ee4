#include "text/added_tokens.h"

#include <gtest/gtest.h>

#include "core/rng.h"

namespace seekling {

namespace {

std::vector<AddedToken> tokens(const std::vector<std::string>& contents) {
  std::vector<AddedToken> added;
  for (const std::string& content : contents)
    added.push_back({.id = TokenId(added.size()), .content = content});
  return added;
}

// Texts in brackets, tokens by id: "[ab]0[c]".
std::string cut(const std::vector<std::string>& contents, std::string_view input) {
  const AddedTokenFinder finder(tokens(contents));
  std::string out;
  finder.cut(
      input, [&](std::string_view part) { out += "[" + std::string(part) + "]"; },
      [&](TokenId id) { out += std::to_string(id); });
  return out;
}

// The same by looking for every token at every place.
std::string cut_slowly(const std::vector<std::string>& contents, std::string_view input) {
  std::string out, between;
  while (!input.empty()) {
    int longest = -1;
    for (std::size_t i = 0; i < contents.size(); ++i)
      if (input.starts_with(contents[i]) &&
          (longest < 0 || contents[i].size() > contents[std::size_t(longest)].size()))
        longest = int(i);
    if (longest < 0) {
      between += input[0];
      input.remove_prefix(1);
      continue;
    }
    if (!between.empty()) out += "[" + between + "]";
    between.clear();
    out += std::to_string(longest);
    input.remove_prefix(contents[std::size_t(longest)].size());
  }
  return between.empty() ? out : out + "[" + between + "]";
}

}  // namespace

TEST(AddedTokens, AreCutOutOfATextLiterally) {
  const std::vector<std::string> v3 = {"<｜User｜>", "<｜Assistant｜>"};
  EXPECT_EQ(cut(v3, "<｜User｜>Hi <｜User｜><｜Assistant｜>!"), "0[Hi ]01[!]");
  EXPECT_EQ(cut(v3, "<｜User|> <｜user｜>"), "[<｜User|> <｜user｜>]");
  EXPECT_EQ(cut(v3, ""), "");
  EXPECT_EQ(cut({}, "text"), "[text]");
}

TEST(AddedTokens, TheLeftmostComesFirstAndOfThoseTheLongest) {
  EXPECT_EQ(cut({"bc", "abc", "ab", "cd"}, "abcd"), "1[d]");
  EXPECT_EQ(cut({"bcd", "ab"}, "abcd"), "1[cd]");
  EXPECT_EQ(cut({"aa"}, "aaaaa"), "00[a]");
}

TEST(AddedTokens, OneByteIsEnough) {
  EXPECT_EQ(cut({"Q"}, "QaQ"), "0[a]0");  // at the end of the text as well
  EXPECT_EQ(cut({"\n"}, "a\n\nb"), "[a]00[b]");
}

TEST(AddedTokens, TheBytesOfATokenMayBeAnything) {
  EXPECT_EQ(cut({std::string("\0\0", 2), "\xFF"}, std::string("a\0\0\xFF\0", 5)),
            "[a]01[" + std::string(1, '\0') + "]");
}

TEST(AddedTokens, ATokenThatTheTextEndsInsideIsText) {
  EXPECT_EQ(cut({"<pad>"}, "<pad"), "[<pad]");
  EXPECT_EQ(cut({"<pad>"}, "<"), "[<]");
}

TEST(AddedTokens, EqualASlowSearchOnRandomTexts) {
  const std::vector<std::string> contents = {"a", "ab", "bca", "cc", "abcab"};
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (Index n = rng.below(20); n > 0; --n) text += "abcd"[rng.below(4)];
    ASSERT_EQ(cut(contents, text), cut_slowly(contents, text)) << text;
  }
}

}  // namespace seekling
