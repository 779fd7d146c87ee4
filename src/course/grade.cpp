#include "course/grade.h"

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "course/submission.h"

namespace seekling {

namespace fs = std::filesystem;

std::vector<Graded> grade(const Checker& checker, const Chapter& chapter,
                          const ReaderFolder& folder, const CheckOptions& options) {
  std::vector<Graded> graded;
  CheckOptions strangers = options;
  strangers.strangers = true;
  for (const ExerciseFile& file : chapter.files) {
    const fs::path path = folder.file(chapter, file);
    std::vector<Verdict> verdicts;
    const std::string why = refused(folder.path, path.lexically_relative(folder.path));
    const std::string refusal = why.empty() ? "" : printable(path.string()) + " " + why;
    if (why.empty()) verdicts = checker.check_file(file, path, strangers);
    for (std::size_t i = 0; i < file.bodies.size(); ++i) {
      const Exercise& exercise = chapter.exercise(file.bodies[i].exercise);
      Graded line{exercise.number + " " + exercise.title, 0, exercise.points, refusal};
      if (refusal.empty()) {
        if (verdicts[i].is == Verdict::Is::kRight) line.points = line.of;
        line.output = verdicts[i].is == Verdict::Is::kNotAttempted ? "not yet attempted"
                                                                   : printable(verdicts[i].because);
      }
      graded.push_back(line);
    }
  }
  return graded;
}

nlohmann::json gradescope(const std::vector<Graded>& graded, const std::string& remark) {
  nlohmann::json tests = nlohmann::json::array();
  Index score = 0;
  for (const Graded& line : graded) {
    score += line.points;
    tests.push_back({{"name", line.name},
                     {"score", line.points},
                     {"max_score", line.of},
                     {"status", line.points == line.of ? "passed" : "failed"},
                     {"output", line.output}});
  }
  return {{"score", score}, {"output", remark}, {"tests", tests}};
}

}  // namespace seekling
