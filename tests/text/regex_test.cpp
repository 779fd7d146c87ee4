#include "text/regex.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/check.h"
#include "refusal.h"

namespace seekling {

namespace {

// All matches from left to right, as pre-tokenizers take them.
std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  const Regex regex(pattern);
  Regex::Scratch scratch;
  std::vector<std::string> found;
  Regex::Match m{};
  for (Index at = 0; regex.find(text, at, m, scratch); at = m.end)
    found.push_back(text.substr(size_t(m.begin), size_t(m.end - m.begin)));
  return found;
}

using Strings = std::vector<std::string>;

std::string refusal_of(const std::string& pattern) {
  return refusal([&] { const Regex regex(pattern); });
}

}  // namespace

TEST(Regex, FindsTheFirstMatchAtOrAfterAByte) {
  const Regex regex("日+");
  Regex::Scratch scratch;
  Regex::Match m{};
  const std::string text = "a日日b日";
  ASSERT_TRUE(regex.find(text, 0, m, scratch));
  EXPECT_EQ(m.begin, 1);
  EXPECT_EQ(m.end, 7);
  ASSERT_TRUE(regex.find(text, 4, m, scratch));
  EXPECT_EQ(m.begin, 4);
  ASSERT_TRUE(regex.find(text, 7, m, scratch));
  EXPECT_EQ(m.begin, 8);
  EXPECT_FALSE(regex.find(text, Index(text.size()), m, scratch));
  EXPECT_FALSE(regex.find("", 0, m, scratch));
  EXPECT_EQ(regex.pattern(), "日+");
}

TEST(Regex, ASearchFromTheMiddleSeesWhatIsBefore) {
  const Regex regex("(?<=a)b");
  Regex::Scratch scratch;
  Regex::Match m{};
  ASSERT_TRUE(regex.find("ab", 1, m, scratch));
  EXPECT_EQ(m.begin, 1);
}

TEST(Regex, OneScratchServesManyExpressions) {
  Regex::Scratch scratch;
  Regex::Match m{};
  const Regex a("a"), b("b|(c)(d)(e)");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(a.find("cdea", 0, m, scratch));
    EXPECT_EQ(m.begin, 3);
    ASSERT_TRUE(b.find("cdea", 0, m, scratch));
    EXPECT_EQ(m.end, 3);
  }
}

TEST(Regex, ClassesAreUnicodes) {
  EXPECT_EQ(matches(R"(\p{L}+)", "aé日 1२ß"), (Strings{"aé日", "ß"}));
  EXPECT_EQ(matches(R"(\p{N}{1,3})", "1234½२"), (Strings{"123", "4½२"}));
  EXPECT_EQ(matches(R"(\d+)", "12½२"), (Strings{"12", "२"}));  // Nd alone
  EXPECT_EQ(matches(R"([^\s\p{L}\p{N}]+)", "a, b!。"), (Strings{",", "!。"}));
  EXPECT_EQ(matches("(?i:É)", "éÉ"), (Strings{"é", "É"}));
}

TEST(Regex, ClassesAreOfOneVersionOfUnicodeOnEveryMachine) {
  const std::string letters = "\U000105C0\U0002EBF0\U00032000";  // of 16.0, 15.1 and 15.0
  EXPECT_EQ(matches(R"(\p{L}+)", letters), Strings{letters});
  EXPECT_EQ(matches(R"([\p{L}]+)", letters), Strings{letters});
  EXPECT_EQ(matches(R"(\P{L}+)", letters + "1"), Strings{"1"});
  EXPECT_EQ(matches(R"([\P{L}]+)", letters + "1"), Strings{"1"});
  EXPECT_EQ(matches(R"([^\p{L}]+)", letters + "1"), Strings{"1"});
  EXPECT_EQ(matches(R"(\p{^L}+)", letters + "1"), Strings{"1"});
  EXPECT_EQ(matches(R"(\pL+)", letters + "1"), Strings{letters});
  EXPECT_EQ(matches(R"(\d+)", "\U00010D40"), Strings{"\U00010D40"});  // of 16.0
  EXPECT_EQ(matches(R"([\D]+)", "\U00010D40a"), Strings{"a"});
  EXPECT_EQ(matches(R"(\p{L}+)", "\U00010940"), Strings{});  // of 17.0
}

TEST(Regex, BlanksAreTheSameInsideAndOutsideAClass) {
  for (const char* blank : {"\t", "\n", "\v", "\f", "\r", " ", "\u0085", "\u00A0", "\u1680",
                            "\u2000", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"}) {
    EXPECT_EQ(matches(R"(\s)", blank), Strings{blank});
    EXPECT_EQ(matches(R"([\s])", blank), Strings{blank});
    EXPECT_EQ(matches(R"(\S)", blank), Strings{});
    EXPECT_EQ(matches(R"([^\s])", blank), Strings{});
  }
  for (const char* other : {"\u180E", "\u200B", "\u2060", "\uFEFF"}) {
    EXPECT_EQ(matches(R"(\s)", other), Strings{});
    EXPECT_EQ(matches(R"(\S)", other), Strings{other});
  }
}

TEST(Regex, ADollarEndsALineAndADotStopsThere) {
  EXPECT_EQ(matches("a$", "a\na b\na"), (Strings{"a", "a"}));
  EXPECT_EQ(matches("^a", "a\na ba"), (Strings{"a", "a"}));
  EXPECT_EQ(matches(".+", "ab\r\ncd"), (Strings{"ab\r", "cd"}));
}

TEST(Regex, LeadingBlanksKeepTheirPlaceInTheRewrittenPattern) {  // \s+$ is run as (?<!\s)\s+$
  EXPECT_EQ(matches(R"(\s+$)", "  a  \n\n b "), (Strings{"  \n", " "}));
  EXPECT_EQ(matches(R"(\s+$)", "   "), Strings{"   "});
}

TEST(Regex, RefusesWhatOnigurumaReadsDifferently) {
  for (const char letter : std::string("hHwWbBXRKGNOyYvVQE"))
    EXPECT_EQ(refusal_of(text("a\\", letter)),
              text("regex a\\", letter, ": \\", letter,
                   " is not supported; use \\s, \\S, \\d or \\p{...}"));
  EXPECT_EQ(refusal_of(R"([^\S]+)"),
            R"(regex [^\S]+: \S inside [...] is not supported; list the characters)");
  EXPECT_EQ(
      refusal_of("[a[b]]"),
      R"(regex [a[b]]: sets inside [...] are not supported; write \[ or \&\& for the characters)");
  EXPECT_EQ(
      refusal_of("[a&&b]"),
      R"(regex [a&&b]: sets inside [...] are not supported; write \[ or \&\& for the characters)");
  EXPECT_EQ(refusal_of("[]a]"),
            R"(regex []a]: a ] that begins [...] is not supported; write \] for the character)");
  EXPECT_EQ(refusal_of(R"(x[^]\s])"),
            R"(regex x[^]\s]: a ] that begins [...] is not supported; write \] for the character)");
  EXPECT_EQ(refusal_of("(?m:a)"), "regex (?m:a): (?m) is not supported");
  EXPECT_EQ(refusal_of("(*UTF)a"), "regex (*UTF)a: (*VERB) is not supported");
}

TEST(Regex, WhatIsEscapedIsACharacter) {
  EXPECT_EQ(matches(R"([\[\]&]+|\(\*|\\h)", R"(a[&]b(*c\h)"), (Strings{"[&]", "(*", "\\h"}));
  EXPECT_EQ(matches("[(*]+", "a(*b"), Strings{"(*"});
}

TEST(Regex, SaysWhyAPatternDoesNotCompile) {
  EXPECT_EQ(refusal_of("(a"), "regex (a: missing closing parenthesis");
  EXPECT_EQ(refusal_of("a*"), "regex a*: it can match an empty text and so splits nothing off");
  EXPECT_EQ(refusal_of(""), "regex : it can match an empty text and so splits nothing off");
}

TEST(Regex, GivesUpOnCatastrophicBacktrackingWithAnError) {
  const Regex regex("(a+)+(b|c)");
  Regex::Scratch scratch;
  Regex::Match m{};
  EXPECT_THROW(regex.find(std::string(64, 'a'), 0, m, scratch), Error);
  EXPECT_TRUE(regex.find("aab", 0, m, scratch));  // and goes on with the next text
}

}  // namespace seekling
