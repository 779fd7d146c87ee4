#include "clean/filters.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/check.h"
#include "repeats/lines.h"
#include "repeats/words.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

enum Judges { kAll, kWithBlanks, kEnglish };  // which texts

struct Rule {
  const char* name;  // "_min_" or "_max_" in it: which side of the threshold is kept
  Judges judges;
  double Measures::*measure;
};

constexpr Rule kRules[] = {
    {"gopher_min_words", kWithBlanks, &Measures::words},
    {"gopher_max_words", kWithBlanks, &Measures::words},
    {"gopher_min_mean_word_length", kWithBlanks, &Measures::mean_word_length},
    {"gopher_max_mean_word_length", kWithBlanks, &Measures::mean_word_length},
    {"gopher_max_hashes_per_word", kWithBlanks, &Measures::hashes},
    {"gopher_max_ellipses_per_word", kWithBlanks, &Measures::ellipses},
    {"gopher_max_bullet_lines", kAll, &Measures::bullet_lines},
    {"gopher_max_ellipsis_lines", kAll, &Measures::ellipsis_lines},
    {"gopher_min_alphabetic_words", kWithBlanks, &Measures::alphabetic_words},
    {"gopher_min_stop_words", kEnglish, &Measures::stop_words},
    {"gopher_max_duplicate_lines", kAll, &Measures::duplicate_lines},
    {"gopher_max_duplicate_paragraphs", kAll, &Measures::duplicate_paragraphs},
    {"gopher_max_duplicate_line_characters", kAll, &Measures::duplicate_line_characters},
    {"gopher_max_duplicate_paragraph_characters", kAll, &Measures::duplicate_paragraph_characters},
    {"gopher_max_top_2gram_characters", kWithBlanks, &Measures::top_2gram},
    {"gopher_max_top_3gram_characters", kWithBlanks, &Measures::top_3gram},
    {"gopher_max_top_4gram_characters", kWithBlanks, &Measures::top_4gram},
    {"gopher_max_duplicate_5gram_characters", kWithBlanks, &Measures::duplicate_5grams},
    {"gopher_max_duplicate_6gram_characters", kWithBlanks, &Measures::duplicate_6grams},
    {"gopher_max_duplicate_7gram_characters", kWithBlanks, &Measures::duplicate_7grams},
    {"gopher_max_duplicate_8gram_characters", kWithBlanks, &Measures::duplicate_8grams},
    {"gopher_max_duplicate_9gram_characters", kWithBlanks, &Measures::duplicate_9grams},
    {"gopher_max_duplicate_10gram_characters", kWithBlanks, &Measures::duplicate_10grams},
    {"c4_min_sentences", kAll, &Measures::sentences},
    {"c4_max_lorem_ipsum", kAll, &Measures::lorem_ipsum},
    {"c4_max_curly_brackets", kAll, &Measures::curly_brackets},
    {"fineweb_min_lines_ending_in_punctuation", kAll, &Measures::punctuated_lines},
    {"fineweb_max_short_lines", kAll, &Measures::short_lines},
    {"fineweb_max_duplicate_line_characters", kAll, &Measures::duplicate_line_characters},
};

// Phrases of a website's machinery; a line with one of them is no text. C4's list.
constexpr std::string_view kTermsOfWebsites[] = {"javascript",    "terms of use", "privacy policy",
                                                 "cookie policy", "uses cookies", "use of cookies",
                                                 "use cookies"};

constexpr std::string_view kLineMinWords = "c4_line_min_words",
                           kLineTerms = "c4_line_max_terms_of_websites",
                           kLinePunctuation = "c4_line_terminal_punctuation",
                           kQuality = "quality_min_score";

bool is_rule(std::string_view name) {
  return name == kLineMinWords || name == kLineTerms || name == kLinePunctuation ||
         name == kQuality ||
         std::ranges::any_of(kRules, [&](const Rule& r) { return r.name == name; });
}

bool judges(const Rule& rule, const Measures& m, const std::string& language) {
  return rule.judges == kAll || (rule.judges == kWithBlanks && m.with_blanks) ||
         (rule.judges == kEnglish && language == "en");
}

bool is_broken(const Rule& rule, double found, double threshold) {
  const bool at_least = std::string_view(rule.name).find("_min_") != std::string_view::npos;
  return at_least ? found < threshold : found > threshold;
}

std::string small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = char(c + 32);
  return small;
}

}  // namespace

fs::path Filters::standard_file() { return SEEKLING_FILTERS; }

Filters::Filters(const fs::path& path) : file(path) {
  const nlohmann::json table = parse_json(read_file(path), path.string());
  check(table.is_object(), path.string(), ": expected an object with a threshold for each rule");
  for (const auto& [name, threshold] : table.items()) {
    check(is_rule(name), path.string(), ": \"", name, "\" is not a rule; the rules are listed in ",
          standard_file().string());
    check(threshold.is_number() || threshold.is_null(), path.string(), ": found ", threshold.dump(),
          " for ", name, ", expected a number, or null to switch the rule off");
    if (threshold.is_number()) thresholds[name] = threshold.get<double>();
  }
}

bool Filters::is_removed(std::string_view line) const {
  const auto threshold = [&](std::string_view rule) {
    const auto found = thresholds.find(rule);
    return found == thresholds.end() ? std::nullopt : std::optional(found->second);
  };
  if (const auto least = threshold(kLineMinWords))
    if (double(word_hashes(line).size()) < *least) return true;
  if (const auto most = threshold(kLineTerms)) {
    const std::string small = small_letters(line);
    const auto is_there = [&](std::string_view t) { return small.find(t) != small.npos; };
    if (double(std::ranges::count_if(kTermsOfWebsites, is_there)) > *most) return true;
  }
  return threshold(kLinePunctuation).value_or(0) > 0 && !ends_sentence(line);
}

std::string Filters::without_lines(std::string_view text, Index& removed) const {
  std::string rest;
  for_each_line(text, [&](std::string_view line) {
    if (!without_blanks_around(line).empty() && is_removed(line)) ++removed;
    else rest += line;
  });
  return rest;
}

Filters::Verdict Filters::judge(std::string_view text, const std::string& language) const {
  const Measures m = measures_of(text);
  for (const Rule& rule : kRules) {
    const auto threshold = thresholds.find(std::string_view(rule.name));
    if (threshold == thresholds.end() || !judges(rule, m, language)) continue;
    const double found = m.*rule.measure;
    if (is_broken(rule, found, threshold->second)) return {rule.name, found, threshold->second};
  }
  return {};
}

double Filters::least_quality() const {
  const auto threshold = thresholds.find(kQuality);
  check(threshold != thresholds.end(), file.string(), ": has no number for ", kQuality,
        ", which --quality needs");
  return threshold->second;
}

}  // namespace seekling
