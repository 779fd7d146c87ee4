// The check's own test: seekling check N --prove.
#include "core/check.h"
#include "course/check.h"

namespace seekling {

std::vector<std::string> Checker::prove(const Chapter& chapter, const ExerciseFile& file,
                                        const CheckOptions& options) const {
  std::vector<std::string> faults;
  const auto expect = [&](bool holds, const auto&... parts) {
    if (!holds) faults.push_back(file.source.string() + ": " + text(parts...));
  };
  for (const Body& body : file.bodies) {
    const std::string& number = body.exercise;
    const Exercise& exercise = chapter.exercise(number);
    Index mistakes = 0;
    for (const Mistake& mistake : file.mistakes) mistakes += mistake.exercise == number;
    expect(mistakes >= 3, "exercise ", number, " has ", mistakes,
           " known mistakes, expected at least 3");
    expect(exercise.hints.size() == 3, "exercise ", number, " has ", exercise.hints.size(),
           " hints, expected 3");
  }
  for (const Mistake& mistake : file.mistakes)
    expect(file.starter.find(mistake.find) == std::string::npos, "\"", mistake.name,
           "\" is not in the body of an exercise");

  {  // the starter: each exercise says "not attempted", or is reached only after another
    const BuildLock lock = workshop_.lock();
    workshop_.put(file, "reader", file.starter);
    const Ended made = workshop_.make({file.target}, kOurs);
    expect(made.well(), "the starter does not compile:", first_complaint(made.output));
    if (made.well()) {
      const Looked found = look(file.target, options.seed, options.limits);
      for (const Body& body : file.bodies) {
        const auto observed = found.recording.find(body.exercise);
        const bool says = observed != found.recording.end() && observed->second.threw &&
                          observed->second.threw->ends_with("is not yet attempted");
        expect(says, "the starter's exercise ", body.exercise,
               " does not end with \"not yet attempted\"");
      }
    }
  }
  for (const Verdict& verdict : check_file(file, root_ / "src" / file.source, options))
    expect(verdict.is == Verdict::Is::kRight, "the reference does not pass ", verdict.exercise,
           ": ", verdict.because);

  const BuildLock lock = workshop_.lock();
  make_mistakes(file, "");
  for (Index round = 0; round < options.rounds; ++round) {
    const std::uint64_t seed = options.seed + std::uint64_t(round);
    const Looked expected = look(file.target + "_reference", seed, options.limits);
    const std::vector<Looked> wrong = look_at_mistakes(file, "", seed, options.limits);
    for (std::size_t k = 0; k < file.mistakes.size(); ++k) {
      const Mistake& mistake = file.mistakes[k];
      const Looked& found = wrong[k];
      const Verdict verdict = judge(file, mistake.exercise, expected, found, seed);
      expect(verdict.is == Verdict::Is::kWrong, "\"", mistake.name, "\" is not caught (seed ", seed,
             ") ", verdict.because);
      const auto observed = found.recording.find(mistake.exercise);
      // A crash has no name.
      if (observed == found.recording.end() || !observed->second.whole) continue;
      const Mistake* name = known(file, mistake.exercise, observed->second, wrong);
      expect(name == &mistake, "\"", mistake.name, "\" is named \"", name ? name->name : "",
             "\" (seed ", seed, ")");
    }
  }
  return faults;
}

}  // namespace seekling
