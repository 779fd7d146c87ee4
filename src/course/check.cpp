#include "course/check.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/check.h"
#include "system/file.h"
#include "system/scratch.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

std::string beginning(const std::string& said) {
  std::string line = said.substr(0, said.find('\n')).substr(0, 100);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';  // no control characters
  return line;
}

// A program with few of our environment's variables, which may hold secrets. Threads that wait for
// each other do not spin: other programs may run beside this one.
std::vector<std::string> started(const fs::path& program, const fs::path& folder,
                                 const std::vector<std::string>& words) {
  std::vector<std::string> all{"env", "-i", "OMP_WAIT_POLICY=passive"};
  for (const char* place : {"HOME=", "TMPDIR=", "TEST_TMPDIR="})
    all.push_back(place + folder.string());
  for (const char* name :
       {"PATH", "LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "ASAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) all.push_back(text(name, "=", value));
  all.push_back(program.string());
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

constexpr const char* kTests = "--gtest_filter=-*_cuda";

// The tests that passed, by the results that gtest writes when the last one has ended; 0 without
// such a file.
Index tests_passed(const fs::path& results) {
  std::error_code ignored;
  if (!fs::is_regular_file(results, ignored)) return 0;
  const nlohmann::json json = parse_json_or_discard(read_file(results), results.string());
  if (!json.is_object()) return 0;
  const auto count = [&](const char* key) {
    return json.contains(key) && json[key].is_number_integer() ? json[key].get<Index>() : 0;
  };
  return count("tests") - count("failures") - count("errors");
}

}  // namespace

Checker::Looked Checker::look(const std::string& program, std::uint64_t seed,
                              const Limits& limits) const {
  const Scratch scratch;
  const fs::path path = scratch.path / "recording";
  const fs::path at = workshop_.program(program);
  const Confined confined{{at}};
  const Ended ended =
      run_child(started(at, scratch.path, {"--probe", std::to_string(seed), path.string()}),
                scratch.path, limits, &confined);
  Looked looked;
  if (fs::exists(path)) looked.recording = parse_recording(read_file(path));
  if (!ended.well()) looked.ended = how(ended, limits);
  looked.said = ended.output;
  if (ended.dropped > 0) looked.said += text("\n... ", ended.dropped, " more bytes");
  return looked;
}

Index Checker::number_of_tests(const std::string& program, const Limits& limits) const {
  const Scratch scratch;
  const fs::path at = workshop_.program(program);
  const Confined confined{{at}};
  const Ended ended = run_child(started(at, scratch.path, {"--gtest_list_tests", kTests}),
                                scratch.path, limits, &confined);
  std::istringstream lines(ended.output);
  Index tests = 0;
  for (std::string line; std::getline(lines, line);) tests += line.starts_with("  ");
  return tests;
}

// The file's own tests: nothing if all pass, otherwise which fail and what the first says.
// Whole models on an emulated GPU (..._cuda) would take nearly all of the time, and say nothing
// more of a reader's file.
std::string Checker::tests(const ExerciseFile& file, const std::string& program,
                           const Limits& limits) const {
  const Scratch scratch;
  const fs::path binary = workshop_.program(program), results = scratch.path / "results.json";
  const Confined confined{{binary, root_ / "tests", root_ / "data"}};
  const Ended ended =
      run_child(started(binary, scratch.path,
                        {"--gtest_brief=1", kTests, "--gtest_output=json:" + results.string()}),
                scratch.path, limits, &confined);
  const Index expected =
      number_of_tests(program == file.target ? program + "_reference" : program, limits);
  if (ended.well() && tests_passed(results) == expected) return "";
  if (ended.well())
    return text("the tests of ", file.source.string(), ": the program ended before all of its ",
                expected, " tests had passed: does a function end it, with exit() for example?");
  std::istringstream in(ended.output);
  std::string failed, first, line;
  bool in_first = false;
  while (std::getline(in, line)) {
    const std::size_t at = line.find("[  FAILED  ] ");
    if (at == 0 && line.find('(') != line.npos) {
      failed += (failed.empty() ? "" : ", ") + line.substr(13, line.find_first_of(" ,(", 13) - 13);
      in_first = false;
    } else if (first.empty() && line.find(": Failure") != line.npos) {
      in_first = true;
    } else if (in_first && first.size() < 400 && !line.empty()) {
      first += "\n" + line;
    }
  }
  if (failed.empty())
    return text("the tests of ", file.source.string(), ": the program ", how(ended, limits),
                ended.too_long
                    ? text("; --seconds ", 5 * limits.seconds, " gives a busy machine more time")
                    : "");
  return text("the values are right, but these tests of the file fail: ", failed,
              "; the first says", first);
}

void Checker::make_mistakes(const ExerciseFile& file, const std::string& exercise) const {
  std::vector<std::string> targets;
  for (std::size_t k = 0; k < file.mistakes.size(); ++k) {
    if (!exercise.empty() && file.mistakes[k].exercise != exercise) continue;
    workshop_.put(file, text("mistake_", k + 1), with_mistake(file, file.mistakes[k]));
    targets.push_back(text(file.target, "_mistake_", k + 1));
  }
  const Ended made = workshop_.make(targets, kOurs);
  check(made.well(), "the known mistakes of ", file.source.string(),
        " do not compile:", first_complaint(made.output));
}

// What each known mistake of `exercise`, or of all if it is empty, makes of the same inputs;
// as many as there are mistakes.
std::vector<Checker::Looked> Checker::look_at_mistakes(const ExerciseFile& file,
                                                       const std::string& exercise,
                                                       std::uint64_t seed,
                                                       const Limits& limits) const {
  std::vector<Looked> looked(file.mistakes.size());
  for (std::size_t k = 0; k < looked.size(); ++k)
    if (exercise.empty() || file.mistakes[k].exercise == exercise)
      looked[k] = look(text(file.target, "_mistake_", k + 1), seed, limits);
  return looked;
}

// The mistake that has the numbers that were found, if one has.
const Mistake* Checker::known(const ExerciseFile& file, const std::string& exercise,
                              const Observed& found, const std::vector<Looked>& wrong) {
  for (std::size_t k = 0; k < file.mistakes.size(); ++k) {
    if (file.mistakes[k].exercise != exercise) continue;
    const auto observed = wrong[k].recording.find(exercise);
    if (observed != wrong[k].recording.end() && observed->second.whole &&
        !difference(observed->second, found))
      return &file.mistakes[k];
  }
  return nullptr;
}

Verdict Checker::judge(const ExerciseFile& file, const std::string& exercise,
                       const Looked& expected, const Looked& found, std::uint64_t seed) const {
  const auto reference = expected.recording.find(exercise), reader = found.recording.find(exercise);
  check(reference != expected.recording.end() && reference->second.whole, file.source.string(),
        ": its probe records nothing of ", exercise, " in the reference",
        expected.ended.empty() ? "" : ": it " + expected.ended);
  Verdict verdict{exercise, Verdict::Is::kWrong, "", ""};
  if (reader == found.recording.end()) {
    verdict.is = Verdict::Is::kWaits;
    verdict.because = "not reached: the program " +
                      (found.ended.empty() ? "ended early" : found.ended) + " before it";
  } else if (!reader->second.whole) {
    verdict.because = text("on ", reader->second.inputs, " the program ",
                           found.ended.empty() ? "ended early" : found.ended);
  } else if (const auto differs = difference(reference->second, reader->second)) {
    if (reader->second.threw && reader->second.threw->ends_with("is not yet attempted")) {
      verdict.is = Verdict::Is::kWaits;
      verdict.because = "waits: " + *reader->second.threw;
    } else {
      verdict.because = text("on ", reference->second.inputs, " (seed ", seed, ")\n", *differs);
    }
  } else {
    verdict.is = Verdict::Is::kRight;
  }
  const bool said = verdict.is == Verdict::Is::kWrong && !found.said.empty();
  if (said)
    verdict.because += text("\nit also printed ", found.said.size(),
                            " bytes, beginning with: ", beginning(found.said));
  return verdict;
}

std::vector<Verdict> Checker::check_file(const ExerciseFile& file, const fs::path& path,
                                         const CheckOptions& options) const {
  const std::string contents = read_file(path);
  std::vector<Verdict> verdicts;
  bool any = false;
  for (const Body& body : file.bodies) {
    const bool tried = attempted(contents, body.exercise);
    any = any || tried;
    verdicts.push_back(
        {body.exercise, tried ? Verdict::Is::kWaits : Verdict::Is::kNotAttempted, "", ""});
  }
  if (!any) return verdicts;

  const BuildLock lock = workshop_.lock();
  const auto all = [&](const std::string& because) {
    for (Verdict& verdict : verdicts)
      if (verdict.is != Verdict::Is::kNotAttempted)
        verdict.is = Verdict::Is::kWrong, verdict.because = because;
    return verdicts;
  };
  const Ended reference = workshop_.make({file.target + "_reference"}, kOurs);
  check(reference.well(), "the library does not build; ./seekling test says more:",
        first_complaint(reference.output));
  const auto make = [&](const std::string& target, const Limits& limits) {
    return options.strangers ? workshop_.make_strangers(target, limits)
                             : workshop_.make({target}, limits);
  };
  workshop_.put(file, "reader", contents, path);
  const Ended made = make(file.target, kTheReaders);
  if (made.too_long)
    return all(text(path.string(), ": the compiler was still running after ", kTheReaders.seconds,
                    " seconds and was stopped"));
  // Was the library's file linked, too?
  const bool twice = made.output.find("multiple definition") != std::string::npos;
  if (!made.well() && !twice)
    return all(text(path.string(), " does not compile:", first_complaint(made.output)));
  if (const std::string function = workshop_.lacking(file); !function.empty())
    return all(text(path.string(), " lacks ", function,
                    ", which the starter has; ./seekling start ",
                    std::stoi(file.target.substr(7, 2)), " --again gives you a new one"));
  if (!made.well())
    return all(text(path.string(), " does not link:", first_complaint(made.output)));

  const Verdict* wrong = nullptr;
  for (Index round = 0; round < options.rounds && !wrong; ++round) {
    const std::uint64_t seed = options.seed + std::uint64_t(round);
    const Looked expected = look(file.target + "_reference", seed, options.limits);
    const Looked found = look(file.target, seed, options.limits);
    for (Verdict& verdict : verdicts) {
      if (verdict.is == Verdict::Is::kNotAttempted) continue;
      Verdict judged = judge(file, verdict.exercise, expected, found, seed);
      if (wrong && judged.is == Verdict::Is::kWrong)
        judged = {verdict.exercise, Verdict::Is::kWaits,
                  "cannot be judged before " + wrong->exercise + " is right", ""};
      const auto observed = found.recording.find(verdict.exercise);
      if (judged.is == Verdict::Is::kWrong && observed != found.recording.end() &&
          observed->second.whole) {
        make_mistakes(file, verdict.exercise);
        const std::vector<Looked> mistakes =
            look_at_mistakes(file, verdict.exercise, seed, options.limits);
        if (const Mistake* mistake = known(file, verdict.exercise, observed->second, mistakes)) {
          judged.mistake = mistake->name;
          judged.because += "\nthese are the values of a known mistake: " + mistake->name +
                            "\nreread " + mistake->reread;
        }
      }
      verdict = judged;
      if (!wrong && verdict.is == Verdict::Is::kWrong) wrong = &verdict;
    }
  }
  for (const Verdict& verdict : verdicts)
    if (verdict.is != Verdict::Is::kRight) return verdicts;
  std::string failed = tests(file, file.target, options.limits);
  if (failed.empty() && workshop_.has(file, "also")) {  // tests in float, golden numbers among them
    const Ended also = make(file.target + "_also", kOurs);
    if (!also.well())
      return all(text(path.string(), " does not compile in float:", first_complaint(also.output)));
    failed = tests(file, file.target + "_also", options.limits);
  }
  return failed.empty() ? verdicts : all(failed);
}

}  // namespace seekling
