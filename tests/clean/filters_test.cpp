#include "clean/filters.h"

#include <nlohmann/json.hpp>

#include "refusal.h"
#include "scratch_test.h"

namespace seekling {

namespace {

std::string repeat(const std::string& text, int n) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}

// Lines that break no rule.
std::string sound_text() {
  return "The gardener of the old house had not slept well, and that was easy to see.\n"
         "He watered the roses twice before noon and forgot the apple trees behind the wall.\n"
         "When the mistress came down with her letters, he took off his hat without a word.\n"
         "\"You should have told me about the frost,\" she said, and looked at the broken glass.\n"
         "Nobody in the village could remember a spring as cold as this one had been.\n"
         "In the evening he walked to the mill to be alone, and came back late.\n";
}

}  // namespace

class FiltersTest : public ScratchTest {
 protected:
  // The rule that drops the text if only those of `table` are on; "" if none does.
  std::string dropped_by(const nlohmann::json& table, const std::string& text,
                         const std::string& language = "en") const {
    return Filters(file("filters.json", table.dump())).judge(text, language).rule;
  }
  void expect_border(const std::string& rule, double threshold, const std::string& kept,
                     const std::string& dropped) const {
    EXPECT_EQ(dropped_by({{rule, threshold}}, kept), "") << rule;
    EXPECT_EQ(dropped_by({{rule, threshold}}, dropped), rule);
  }
};

TEST_F(FiltersTest, EachRuleDropsWhatIsBeyondItsThreshold) {
  expect_border("gopher_min_words", 3, "a b c", "a b");
  expect_border("gopher_max_words", 3, "a b c", "a b c d");
  expect_border("gopher_min_mean_word_length", 3, "abc -- abc", "ab abc");
  expect_border("gopher_max_mean_word_length", 3, "abc -- abc", "abcd abc");
  expect_border("gopher_max_hashes_per_word", 0.5, "#a b", "#a #b");
  expect_border("gopher_max_ellipses_per_word", 0.5, "a... b", "a... b…");
  expect_border("gopher_max_bullet_lines", 0.5, "- a\nb\n", "- a\n• b\nc\n");
  expect_border("gopher_max_ellipsis_lines", 0.5, "a...\nb\n", "a...\nb…\nc\n");
  expect_border("gopher_min_alphabetic_words", 0.5, "a 1", "a 1 2");
  expect_border("gopher_min_stop_words", 2, "the cat of that", "the the cat");
  expect_border("gopher_max_duplicate_lines", 0.5, "a\na\n", "a\na\na\n");
  expect_border("gopher_max_duplicate_paragraphs", 0.5, "a\n\na\n", "a\n\na\n\n\na");
  expect_border("gopher_max_duplicate_line_characters", 0.5, "ab\nab\n", "ab\nab\nab\nc\n");
  expect_border("gopher_max_duplicate_paragraph_characters", 0.5, "ab\n\nab",
                "ab\n\nab\n\nab\n\nc");
  expect_border("gopher_max_top_2gram_characters", 0.5, "a b c d a b e f", "a b c a b");
  expect_border("gopher_max_top_3gram_characters", 0.5, "a b c d e f a b c x y z", "a b c a b c d");
  expect_border("gopher_max_top_4gram_characters", 0.5, "a b c d e f g h", "a b c d a b c d");
  for (int n = 5; n <= 10; ++n) {
    std::string words, others;
    for (int i = 0; i < n; ++i) words += std::string(1, char('a' + i)) + " ";
    for (int i = 0; i < n; ++i) others += std::string(1, char('n' + i)) + " ";
    expect_border("gopher_max_duplicate_" + std::to_string(n) + "gram_characters", 0.4,
                  words + others + words, words + words);
  }
  expect_border("c4_min_sentences", 3, "A b. C? \"D!\"", "A b. C.d");
  expect_border("c4_max_lorem_ipsum", 0, "Lorem", "A Lorem Ipsum dolor");
  expect_border("c4_max_curly_brackets", 0, "a", "a { b }");
  expect_border("fineweb_min_lines_ending_in_punctuation", 0.5, "A.\nb\n", "A.\nb\nc\n");
  expect_border("fineweb_max_short_lines", 0.5, repeat("x", 30) + "\na",
                "a\nb\n" + repeat("x", 30));
  expect_border("fineweb_max_duplicate_line_characters", 0.1, "abc\nd\n", "abc\nabc\n");
}

TEST_F(FiltersTest, TheStandardFileHasEveryRuleAndKeepsSoundText) {
  const Filters standard(Filters::standard_file());
  const auto table = nlohmann::json::parse(read_file(Filters::standard_file()));
  EXPECT_EQ(table.size(), 33u);
  const auto verdict = standard.judge(sound_text(), "en");
  EXPECT_EQ(verdict.rule, "") << verdict.found;
  EXPECT_EQ(standard.judge("Too short.", "en").rule, "gopher_min_words");
  EXPECT_EQ(standard.judge(repeat(sound_text(), 4), "en").rule, "gopher_max_duplicate_lines");
}

// Counted by blanks, a Japanese sentence is one word of twenty letters: Gopher's rules would drop
// all of it.
TEST_F(FiltersTest, RulesAboutWordsJudgeOnlyTextsWithBlanksBetweenThem) {
  const std::string japanese = repeat("むかしむかし、ある村に女の子がいました。", 3);
  const nlohmann::json words{{"gopher_max_mean_word_length", 10}, {"gopher_min_words", 50}};
  EXPECT_EQ(dropped_by(words, japanese, "ja"), "");
  EXPECT_EQ(dropped_by(words, repeat("x", 20)), "gopher_min_words");
  EXPECT_EQ(dropped_by({{"c4_min_sentences", 3}}, japanese, "ja"), "");
  EXPECT_EQ(dropped_by({{"gopher_min_stop_words", 2}}, "Der Hund und die Katze", "de"), "");
}

TEST_F(FiltersTest, LinesOfWebsitesAreRemoved) {
  const auto rest = [&](const nlohmann::json& table, const std::string& text) {
    Index removed = 0;
    std::string left = Filters(file("filters.json", table.dump())).without_lines(text, removed);
    return text == left ? "nothing" : std::to_string(removed) + " " + left;
  };
  const std::string text = "Please enable JavaScript.\nA b c.\n\nOur Privacy Policy\nd";
  EXPECT_EQ(rest({{"c4_line_max_terms_of_websites", 0}}, text), "2 A b c.\n\nd");
  EXPECT_EQ(rest({{"c4_line_min_words", 3}}, text), "1 " + text.substr(0, text.size() - 1));
  EXPECT_EQ(rest({{"c4_line_terminal_punctuation", 1}}, text),
            "2 Please enable JavaScript.\nA b c.\n\n");
  EXPECT_EQ(rest(nlohmann::json::object(), text), "nothing");
}

TEST_F(FiltersTest, AFileWithOtherNamesOrValuesIsRefused) {
  const auto refused = [&](const std::string& contents) {
    return without_dir(refusal([&] { Filters{file("f.json", contents)}; }));
  };
  EXPECT_EQ(refused("{\"gopher_words\": 1}"),
            "f.json: \"gopher_words\" is not a rule; the rules are listed in " +
                Filters::standard_file().string());
  EXPECT_EQ(refused("{\"gopher_min_words\": \"50\"}"),
            "f.json: found \"50\" for gopher_min_words, expected a number, or null to switch the "
            "rule off");
  EXPECT_EQ(refused("[1]"), "f.json: expected an object with a threshold for each rule");
}

}  // namespace seekling
