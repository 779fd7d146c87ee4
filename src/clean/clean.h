// The whole pipeline over one document at a time, before duplicates are dropped (dedup.h):
//
//   repair → language → lines that are no text → filters → quality → decontamination
//
// Cheap rules come first. Texts that these change are written with the changed text.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clean/contamination.h"
#include "clean/dedup.h"
#include "clean/filters.h"
#include "clean/quality.h"
#include "clean/repair.h"

namespace seekling {

struct CleanOptions {
  std::set<std::string> languages = {};  // that are kept; empty: all
  std::filesystem::path filters = Filters::standard_file();
  std::optional<QualityModel> quality = {};  // drops what it scores below quality_min_score
};

class Clean {
 public:
  Clean(CleanOptions options, EvaluationSet evaluation, CleanOutput& out);

  // Drops documents that break a rule, repairs the others, and counts. Returns the remaining ones.
  std::vector<InputDocument> clean(std::vector<InputDocument> documents);
  nlohmann::ordered_json details() const;  // for the report
  void resume(const nlohmann::ordered_json& details);

 private:
  struct Outcome;
  Outcome look_at(InputDocument& document) const;

  const CleanOptions options;
  const Filters filters;
  const double least_quality;
  const EvaluationSet evaluation;
  CleanOutput& out;
  Repairs repairs;
  Index removed_lines = 0;
  std::map<std::string, Index> languages;
};

}  // namespace seekling
