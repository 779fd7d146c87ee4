#include "text/run_expression.h"

#include <gtest/gtest.h>

#include "core/rng.h"
#include "refusal.h"
#include "text/pretokenizer.h"
#include "unicode/unicode.h"

namespace seekling {

namespace {

constexpr const char* kQwen =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::vector<std::string> known_patterns() {
  std::vector<std::string> patterns = {kQwen, R"(\p{N}{2,}|[a-z-]{3}$|\D[\x{41}-\x{5a}]\n*)",
                                       R"([^\s]*a|\P{L}\pL(?!\S)|\s+$|日本?)", "(?i:k|sK')|x"};
  for (const auto kind :
       {PreTokenizerKind::kGpt2, PreTokenizerKind::kDeepseekV2, PreTokenizerKind::kDeepseekV3})
    for (const std::string& pattern : PreTokenizer(kind).patterns()) patterns.push_back(pattern);
  return patterns;
}

std::string some_text(Rng& rng) {
  static const std::vector<std::string> parts = {
      "a",      "B",    "the",    "k",      "S",          "'s", "'LL", "é", "日本",
      "ほ",     "ー",   "。",     "1",      "23",         "½",  "٣",   " ", "  ",
      "\n",     "\r\n", "\t",     "\u3000", "\u0085",     "!",  "...", "+", "\u0301",
      "\u200b", "ſ",    "\u212a", "😀",      "\U00010D40", "-",  "_x"};
  std::string text;
  for (Index n = rng.below(12); n > 0; --n) text += parts[size_t(rng.below(Index(parts.size())))];
  return text;
}

using Matches = std::vector<std::pair<Index, Index>>;

template <class Find>
Matches ends_of_matches(const std::string& text, Find&& find) {
  Matches all;
  Regex::Match m{};
  for (Index at = 0; find(text, at, m); at = m.end) all.emplace_back(m.begin, m.end);
  return all;
}

Matches by_runs(const RunExpression& runs, const std::string& text) {
  return ends_of_matches(text, [&](const std::string& s, Index from, Regex::Match& m) {
    return runs.find(s, from, m) == RunExpression::Found::kYes;
  });
}

// A group is more than RunExpression knows, so PCRE2 runs this.
Matches by_pcre2(const std::string& pattern, const std::string& text) {
  const Regex regex("(?:" + pattern + ")");
  Regex::Scratch scratch;
  EXPECT_FALSE(regex.without_pcre2().has_value());
  return ends_of_matches(text, [&](const std::string& s, Index from, Regex::Match& m) {
    return regex.find(s, from, m, scratch);
  });
}

}  // namespace

TEST(RunExpression, FindsWhatPcre2Finds) {
  Rng rng(1);
  for (const std::string& pattern : known_patterns()) {
    const auto runs = RunExpression::parse(pattern);
    ASSERT_TRUE(runs.has_value()) << pattern;
    const Regex regex("(?:" + pattern + ")");
    Regex::Scratch scratch;
    ASSERT_FALSE(regex.without_pcre2().has_value());
    for (int i = 0; i < 500; ++i) {
      const std::string text = some_text(rng);
      const auto expected =
          ends_of_matches(text, [&](const std::string& s, Index from, Regex::Match& m) {
            return regex.find(s, from, m, scratch);
          });
      EXPECT_EQ(by_runs(*runs, text), expected) << pattern << ": " << text;
    }
  }
}

TEST(RunExpression, HasTheSameMembersInEverySet) {
  std::string everything;
  for (char32_t c = 0; c <= kLastCodePoint; ++c)
    if (c < 0xD800 || c >= 0xE000) append_utf8(everything, c);
  for (const char* set : {R"([\p{L}\p{M}]+)", R"([^\r\n\p{L}\p{P}\p{S}]+)", R"([^\s\p{L}\p{N}]+)",
                          R"(\s+)", R"(\d+)", R"([\p{P}\p{S}]+)", R"(\S+)"})
    EXPECT_EQ(by_runs(RunExpression::parse(set).value(), everything), by_pcre2(set, everything))
        << set;
}

TEST(RunExpression, LeavesEverythingElseToPcre2) {
  for (const char* pattern :
       {"a*",      "a|",     "",       "(a)",     "(?:a)",    "a+?",        "a++",
        "a{2}{3}", "a{,3}",  "a{3,1}", "a{0}",    "a{70000}", ".",          "^a",
        "a$b",     "$",      "(?!a)b", "(?!\\S)", "(?i:a)b",  "(?i:[a])",   "(?i:é)",
        "(?i:a",   R"(\b)",  R"(\)",   R"(\h)",   R"(\p)",    R"(\p{Han})", R"(\p{L)",
        R"([\S])", "[a[b]]", "[a&&b]", "[]a]",    "[a",       R"([a-\s])",  R"(\x{d800})",
        R"(\x41)", "]",      "{",      "a)",      "[z-a]",    "\xff"})
    EXPECT_FALSE(RunExpression::parse(pattern).has_value()) << pattern;
  std::string many;  // more sets than a mask has bits
  for (char32_t c = 'A'; c < 'A' + 26 + 26; ++c) append_utf8(many, c);
  EXPECT_FALSE(RunExpression::parse(many + "|1|2|3").has_value());
}

TEST(RunExpression, GivesUpWhereBacktrackingTakesTooLong) {
  const Regex regex("a+a+a+a+b");
  Regex::Scratch scratch;
  Regex::Match m{};
  EXPECT_EQ(refusal([&] { regex.find(std::string(3000, 'a'), 0, m, scratch); }),
            "regex a+a+a+a+b: it gives up on a text of 3000 bytes (match limit exceeded)");
  EXPECT_TRUE(regex.find("aaaab", 0, m, scratch));
}

TEST(RunExpression, ALongRunThatDoesNotMatchIsReadOnce) {  // quadratic time would be an hour
  const auto runs = RunExpression::parse(R"(\s+$)").value();
  Regex::Match m{};
  EXPECT_EQ(runs.find(std::string(50'000'000, ' ') + "9", 0, m), RunExpression::Found::kNo);
}

}  // namespace seekling
