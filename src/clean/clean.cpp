#include "clean/clean.h"

#include "clean/language.h"
#include "core/parallel.h"
#include "repeats/lines.h"
#include "stream/document_store.h"

namespace seekling {

using Json = nlohmann::ordered_json;

struct Clean::Outcome {
  std::string rule = {};  // that drops the document; empty: it is kept
  Json why = Json::object();
  std::string language = {};
  Repairs repairs = {};
  Index removed_lines = 0;
};

Clean::Clean(CleanOptions o, EvaluationSet e, CleanOutput& output)
    : options(std::move(o)), filters(options.filters),
      least_quality(options.quality ? filters.least_quality() : 0), evaluation(std::move(e)),
      out(output) {}

Clean::Outcome Clean::look_at(InputDocument& document) const {
  Outcome outcome;
  // Changes
  std::string text = repaired(document.text, outcome.repairs);
  outcome.language = language_of(text);
  text = filters.without_lines(text, outcome.removed_lines);
  if (text != document.text) document.line = with_text(document.line, document.text = text);
  // Reasons to drop it
  if (!options.languages.empty() && !options.languages.contains(outcome.language)) {
    outcome.rule = "language";
    outcome.why = {{"language", outcome.language}};
  } else if (without_blanks_around(text).empty()) {
    outcome.rule = "every line removed";
  } else if (const auto verdict = filters.judge(text, outcome.language); !verdict.rule.empty()) {
    outcome.rule = verdict.rule;
    outcome.why = {{"found", verdict.found}, {"threshold", verdict.threshold}};
  } else if (const double score = options.quality ? options.quality->score(text) : 1;
             score < least_quality) {
    outcome.rule = "quality_min_score";
    outcome.why = {{"found", score}, {"threshold", least_quality}};
  } else if (const auto question = evaluation.found_in(text)) {
    outcome.rule = "contamination";
    outcome.why = {{"question", *question}};
  }
  return outcome;
}

std::vector<InputDocument> Clean::clean(std::vector<InputDocument> documents) {
  std::vector<Outcome> outcomes(documents.size());
  parallel_for(Index(documents.size()), 8,
               [&](Index i) { outcomes[std::size_t(i)] = look_at(documents[std::size_t(i)]); });
  std::vector<InputDocument> kept;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    repairs += outcome.repairs;
    removed_lines += outcome.removed_lines;
    ++languages[outcome.language];
    if (outcome.rule.empty()) kept.push_back(std::move(documents[i]));
    else out.drop(outcome.rule, documents[i].place, documents[i].text, outcome.why);
  }
  return kept;
}

void Clean::resume(const Json& details) {
  const Json& r = details.at("repairs");
  repairs = {.mojibake = r.at("mojibake"),
             .controls = r.at("controls"),
             .line_breaks = r.at("line_breaks"),
             .composed = r.at("composed")};
  removed_lines = details.at("removed_lines");
  languages = details.at("languages").get<std::map<std::string, Index>>();
}

Json Clean::details() const {
  return {{"repairs",
           {{"mojibake", repairs.mojibake},
            {"controls", repairs.controls},
            {"line_breaks", repairs.line_breaks},
            {"composed", repairs.composed}}},
          {"removed_lines", removed_lines},
          {"languages", languages}};
}

}  // namespace seekling
