#include "cli/course_check.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>

#include "core/check.h"
#include "core/parallel.h"
#include "interop/file.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

// One check at a time in a build folder: it writes to the slots and calls make.
class Turn {
 public:
  explicit Turn(const fs::path& build) : folder_(::open(build.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    check(folder_ >= 0, build.string(), ": is not there; build Seekling first (./seekling --help does)");
    while (::flock(folder_, LOCK_EX) != 0) continue;
  }
  ~Turn() { ::close(folder_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int folder_;
};

// A folder that is gone when this is.
struct Scratch {
  fs::path path;
  Scratch() {
    std::string name = (fs::temp_directory_path() / "seekling.XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, name, ": cannot be made; is the disk full?");
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

void write_if_new(const fs::path& path,
                  const std::string& contents) {  // an equal file keeps its time, and is not compiled
  if (fs::exists(path) && read_file(path) == contents) return;
  fs::create_directories(path.parent_path());
  write_file(path, contents);
}

// A build: of ours, the first time whole rooms, or of one file of the reader's, which may send the compiler round in
// circles.
Limits building(double seconds, Index memory_mib) {
  Limits limits;
  limits.seconds = seconds;
  limits.memory_mib = memory_mib;
  limits.file_mib = 4096;
  limits.output_bytes = 1 << 20;
  return limits;
}
const Limits kOurs = building(1800, 16384), kTheReaders = building(300, 4096);

// The compiler speaks of the reader's file, not of the copy that it compiles.
std::string named(const fs::path& path, const std::string& contents) {
  return "#line 1 \"" + path.string() + "\"\n" + contents;
}

bool equal(const Sight::Number& expected, double found) {
  if (std::isnan(expected.value) || std::isnan(found)) return std::isnan(expected.value) && std::isnan(found);
  if (expected.value == found) return true;  // infinities too
  return std::abs(expected.value - found) <= expected.tolerance * std::max(1.0, std::abs(expected.value));
}

std::string shown(double value) {
  char out[40];
  std::snprintf(out, sizeof out, "%.9g", value);
  return out;
}

// The compiler's first complaint, with the lines that belong to it. Lines with *** are make's own words.
std::string first_complaint(const std::string& output) {
  std::istringstream in(output);
  std::string complaint, others, line;
  int lines = 0;
  while (std::getline(in, line)) {
    if (line.find("***") == line.npos) others += "\n" + line;
    const bool starts = line.find("error:") != line.npos || line.find("undefined reference") != line.npos ||
                        line.find("multiple definition") != line.npos;
    if (lines == 0 && !starts) continue;
    if (lines > 0 && (starts || lines == 4 || line.find("***") != line.npos)) break;
    complaint += "\n" + line;
    ++lines;
  }
  return complaint.empty() ? others.substr(others.size() - std::min<std::size_t>(others.size(), 500)) : complaint;
}

std::string beginning(const std::string& said) {
  std::string line = said.substr(0, said.find('\n')).substr(0, 100);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';  // no control characters on the reader's terminal
  return line;
}

}  // namespace

Sights parse_sights(const std::string& text) {
  Sights sights;
  Sight* sight = nullptr;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string first, second;
    words >> first;
    if (first == "exercise") {
      words >> second;
      sight = &sights[second];
      *sight = {};
      const std::size_t on = line.find(" on ");
      if (on != line.npos) sight->inputs = line.substr(on + 4);
    } else if (sight && first == "end") {
      sight->whole = true;
    } else if (sight && first == "threw") {
      sight->threw = line.substr(std::min<std::size_t>(line.size(), 6));
      sight->whole = true;
    } else if (sight) {
      std::string value, tolerance;
      words >> value >> tolerance;  // by strtod: it reads nan and inf
      sight->numbers.push_back({first, std::strtod(value.c_str(), nullptr), std::strtod(tolerance.c_str(), nullptr)});
    }
  }
  return sights;
}

std::optional<std::string> difference(const Sight& expected, const Sight& found) {
  if (expected.threw != found.threw) {
    if (!found.threw) return text("it went through, expected the error \"", *expected.threw, "\"");
    if (*found.threw == "std::bad_alloc") return "it asked for more memory than it may have";
    return text("it threw \"", *found.threw, "\"", expected.threw ? text(", expected \"", *expected.threw, "\"") : "");
  }
  const std::size_t n = std::min(expected.numbers.size(), found.numbers.size());
  std::size_t first = n, differ = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto &e = expected.numbers[i], &f = found.numbers[i];
    if (e.name == f.name && equal(e, f.value)) continue;
    if (differ++ == 0) first = i;
  }
  if (differ > 0) {
    const auto &e = expected.numbers[first], &f = found.numbers[first];
    if (e.name != f.name) return text("found ", f.name, ", expected ", e.name);
    return text(
        e.name, " is ", shown(f.value), ", expected ", shown(e.value),
        expected.numbers.size() == found.numbers.size() ? text(" (", differ, " of ", n, " numbers differ)") : "");
  }
  if (expected.numbers.size() != found.numbers.size())
    return text("found ", found.numbers.size(), " numbers, expected ", expected.numbers.size());
  return {};
}

fs::path Checker::slot(const ExerciseFile& file, const std::string& of) const {
  fs::path source = file.source;
  const std::string digits = file.target.substr(7, 2);  // course_05_...
  for (const auto& entry : fs::directory_iterator(build_ / "chapters"))
    if (entry.path().filename().string().starts_with(digits + "-"))
      return entry.path() / "slots" / source.parent_path() / source.stem() / of / source.filename();
  throw Error(text(build_.string(), ": has no chapter ", digits, "; build it anew (./seekling test does)"));
}

Ended Checker::make(const std::vector<std::string>& targets, const Limits& limits) const {
  if (!fs::exists(build_ / "chapters/programs" / targets[0]))
    std::cerr << "building " << targets[0] << (targets.size() > 1 ? " and others" : "")
              << " (the first check of a chapter may take minutes)\n";
  std::vector<std::string> words{"cmake",   "--build", build_.string(), "--parallel", std::to_string(threads()),
                                 "--target"};
  words.insert(words.end(), targets.begin(), targets.end());
  return run_child(words, build_, limits);
}

// The functions that an object file has for others, by the linker's names.
static std::set<std::string> functions_in(const fs::path& object) {
  const Ended listed = run_child({"nm", "-g", object.string()}, object.parent_path(), kOurs);
  check(listed.well(), "nm -g ", object.string(), ": ", how(listed, kOurs), ": ", beginning(listed.output));
  std::set<std::string> names;
  std::istringstream in(listed.output);
  for (std::string line; std::getline(in, line);)
    if (const std::size_t at = line.find(" T "); at != line.npos) names.insert(line.substr(at + 3));
  return names;
}

// A function of the library's file that the reader's has not, in C++'s words; nothing if it has all. The linker would take
// what is missing from the library: an empty file would pass.
std::string Checker::lacking(const ExerciseFile& file) const {
  const std::string room = file.source.parent_path().string(), object = file.source.filename().string() + ".o";
  fs::path ours = build_ / "src" / room / "CMakeFiles" / ("seekling_" + room + "_double.dir") / object;
  if (!fs::exists(ours)) ours = build_ / "src" / room / "CMakeFiles" / ("seekling_" + room + ".dir") / object;
  const fs::path source = slot(file, "reader"), chapter = source.parent_path().parent_path().parent_path();
  const fs::path folder = chapter.parent_path().parent_path();  // slots/room/file/reader stand in the chapter's folder
  const fs::path readers =
      folder / "CMakeFiles" / (file.target + ".dir") / (source.lexically_relative(folder).string() + ".o");
  const std::set<std::string> all = functions_in(ours), there = functions_in(readers);
  for (const std::string& name : all) {
    if (there.contains(name)) continue;
    int status = 0;
    char* const readable = abi::__cxa_demangle(name.c_str() + name.starts_with("__Z"), nullptr, nullptr, &status);
    const std::string words = status == 0 ? readable : name;
    std::free(readable);
    return words;
  }
  return "";
}

Checker::Looked Checker::look(const std::string& program, std::uint64_t seed, const Limits& limits) const {
  const Scratch scratch;
  const fs::path path = scratch.path / "sights";
  const Ended ended =
      run_child({(build_ / "chapters/programs" / program).string(), "--probe", std::to_string(seed), path.string()},
                scratch.path, limits);
  Looked looked;
  if (fs::exists(path)) looked.sights = parse_sights(read_file(path));
  if (!ended.well()) looked.ended = how(ended, limits);
  looked.said = ended.output;
  if (ended.dropped > 0) looked.said += text("\n... ", ended.dropped, " more bytes");
  return looked;
}

// The file's own tests: nothing if all pass, otherwise which fail and what the first says.
std::string Checker::tests(const ExerciseFile& file, const std::string& program, const Limits& limits) const {
  const Scratch scratch;
  const Ended ended =
      run_child({(build_ / "chapters/programs" / program).string(), "--gtest_brief=1"}, scratch.path, limits);
  if (ended.well()) return "";
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
  if (failed.empty()) return text("the tests of ", file.source.string(), ": the program ", how(ended, limits));
  return text("the numbers are right, but of the file's tests these fail: ", failed, "; the first says", first);
}

void Checker::make_mistakes(const ExerciseFile& file, const std::string& exercise) const {
  std::vector<std::string> targets;
  for (std::size_t k = 0; k < file.mistakes.size(); ++k) {
    if (!exercise.empty() && file.mistakes[k].exercise != exercise) continue;
    write_if_new(slot(file, text("mistake_", k + 1)), with_mistake(file, file.mistakes[k]));
    targets.push_back(text(file.target, "_mistake_", k + 1));
  }
  const Ended made = make(targets, kOurs);
  check(made.well(), "the known mistakes of ", file.source.string(), " do not compile:", first_complaint(made.output));
}

// What each known mistake of `exercise`, or of all if it is empty, makes of the same inputs; as many as there are mistakes.
std::vector<Checker::Looked> Checker::look_at_mistakes(const ExerciseFile& file, const std::string& exercise,
                                                       std::uint64_t seed, const Limits& limits) const {
  std::vector<Looked> looked(file.mistakes.size());
  for (std::size_t k = 0; k < looked.size(); ++k)
    if (exercise.empty() || file.mistakes[k].exercise == exercise)
      looked[k] = look(text(file.target, "_mistake_", k + 1), seed, limits);
  return looked;
}

// The mistake that has the numbers that were found, if one has.
const Mistake* Checker::known(const ExerciseFile& file, const std::string& exercise, const Sight& found,
                              const std::vector<Looked>& wrong) {
  for (std::size_t k = 0; k < file.mistakes.size(); ++k) {
    if (file.mistakes[k].exercise != exercise) continue;
    const auto sight = wrong[k].sights.find(exercise);
    if (sight != wrong[k].sights.end() && sight->second.whole && !difference(sight->second, found))
      return &file.mistakes[k];
  }
  return nullptr;
}

Verdict Checker::judge(const ExerciseFile& file, const std::string& exercise, const Looked& expected,
                       const Looked& found, std::uint64_t seed) const {
  const auto reference = expected.sights.find(exercise), reader = found.sights.find(exercise);
  check(reference != expected.sights.end() && reference->second.whole, file.source.string(),
        ": its probe sees nothing of ", exercise, " in the reference",
        expected.ended.empty() ? "" : ": it " + expected.ended);
  Verdict verdict{exercise, Verdict::Is::kWrong, "", ""};
  if (reader == found.sights.end()) {
    verdict.is = Verdict::Is::kWaits;
    verdict.because = "not reached: the program " + (found.ended.empty() ? "ended early" : found.ended) + " before it";
  } else if (!reader->second.whole) {
    verdict.because =
        text("on ", reader->second.inputs, " the program ", found.ended.empty() ? "ended early" : found.ended);
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
    verdict.because += text("\nit also printed ", found.said.size(), " bytes, beginning with: ", beginning(found.said));
  return verdict;
}

std::vector<Verdict> Checker::check_file(const ExerciseFile& file, const fs::path& path,
                                         const CheckOptions& options) const {
  const std::string contents = read_file(path);
  std::vector<Verdict> verdicts;
  bool any = false;
  for (const std::string& number : file.exercises) {
    const bool tried = attempted(contents, number);
    any = any || tried;
    verdicts.push_back({number, tried ? Verdict::Is::kWaits : Verdict::Is::kNotAttempted, "", ""});
  }
  if (!any) return verdicts;

  const Turn turn(build_);
  const auto all = [&](const std::string& because) {
    for (Verdict& verdict : verdicts)
      if (verdict.is != Verdict::Is::kNotAttempted) verdict.is = Verdict::Is::kWrong, verdict.because = because;
    return verdicts;
  };
  const Ended reference = make({file.target + "_reference"}, kOurs);
  check(reference.well(), "the library does not build; ./seekling test says more:", first_complaint(reference.output));
  write_if_new(slot(file, "reader"), named(path, contents));
  const Ended made = make({file.target}, kTheReaders);
  if (made.too_long)
    return all(
        text(path.string(), ": the compiler was still at it after ", kTheReaders.seconds, " seconds and was stopped"));
  const bool twice = made.output.find("multiple definition") != std::string::npos;  // the library's file came in, too
  if (!made.well() && !twice) return all(text(path.string(), " does not compile:", first_complaint(made.output)));
  if (const std::string function = lacking(file); !function.empty())
    return all(text(path.string(), " lacks ", function, ", which the starter has; ./seekling start ",
                    std::stoi(file.target.substr(7, 2)), " --again gives you a new one"));
  if (!made.well()) return all(text(path.string(), " does not link:", first_complaint(made.output)));

  const Verdict* wrong = nullptr;
  for (Index round = 0; round < options.rounds && !wrong; ++round) {
    const std::uint64_t seed = options.seed + std::uint64_t(round);
    const Looked expected = look(file.target + "_reference", seed, options.limits);
    const Looked found = look(file.target, seed, options.limits);
    for (Verdict& verdict : verdicts) {
      if (verdict.is == Verdict::Is::kNotAttempted) continue;
      Verdict judged = judge(file, verdict.exercise, expected, found, seed);
      if (wrong && judged.is == Verdict::Is::kWrong)
        judged = {verdict.exercise, Verdict::Is::kWaits, "cannot be judged before " + wrong->exercise + " is right",
                  ""};
      const auto sight = found.sights.find(verdict.exercise);
      if (judged.is == Verdict::Is::kWrong && sight != found.sights.end() && sight->second.whole) {
        make_mistakes(file, verdict.exercise);
        const std::vector<Looked> mistakes = look_at_mistakes(file, verdict.exercise, seed, options.limits);
        if (const Mistake* mistake = known(file, verdict.exercise, sight->second, mistakes)) {
          judged.mistake = mistake->name;
          judged.because +=
              "\nthese are the numbers of a known mistake: " + mistake->name + "\nreread " + mistake->reread;
        }
      }
      verdict = judged;
      if (!wrong && verdict.is == Verdict::Is::kWrong) wrong = &verdict;
    }
  }
  for (const Verdict& verdict : verdicts)
    if (verdict.is != Verdict::Is::kRight) return verdicts;
  std::string failed = tests(file, file.target, options.limits);
  if (failed.empty() && fs::exists(slot(file, "also"))) {  // tests in float, golden numbers among them
    const Ended also = make({file.target + "_also"}, kOurs);
    if (!also.well()) return all(text(path.string(), " does not compile in float:", first_complaint(also.output)));
    failed = tests(file, file.target + "_also", options.limits);
  }
  return failed.empty() ? verdicts : all(failed);
}

std::vector<std::string> Checker::prove(const Chapter& chapter, const ExerciseFile& file,
                                        const CheckOptions& options) const {
  std::vector<std::string> faults;
  const auto expect = [&](bool holds, const auto&... parts) {
    if (!holds) faults.push_back(file.source.string() + ": " + text(parts...));
  };
  for (const std::string& number : file.exercises) {
    const Exercise& exercise = chapter.exercise(number);
    Index mistakes = 0;
    for (const Mistake& mistake : file.mistakes) mistakes += mistake.exercise == number;
    expect(mistakes >= 3, "exercise ", number, " has ", mistakes, " known mistakes, expected at least 3");
    expect(exercise.hints.size() == 3, "exercise ", number, " has ", exercise.hints.size(), " hints, expected 3");
    expect(exercise.points > 0, "exercise ", number, " is programmed, so it needs points");
    expect(!attempted(file.starter, number), "the starter of ", number, " does not throw \"not yet attempted\"");
    expect(!solution(file, number).empty(), "nothing is taken out for exercise ", number);
  }
  for (const Mistake& mistake : file.mistakes)
    expect(file.starter.find(mistake.find) == std::string::npos, "\"", mistake.name,
           "\" is in no body that is taken out");

  {  // the untouched starter, compiled: each exercise throws that it is not attempted, or cannot be reached before another
    const Turn turn(build_);
    write_if_new(slot(file, "reader"), file.starter);
    const Ended made = make({file.target}, kOurs);
    expect(made.well(), "the starter does not compile:", first_complaint(made.output));
    if (made.well()) {
      const Looked found = look(file.target, options.seed, options.limits);
      for (const std::string& number : file.exercises) {
        const auto sight = found.sights.find(number);
        const bool says = sight != found.sights.end() && sight->second.threw &&
                          sight->second.threw->ends_with("is not yet attempted");
        expect(says, "the starter's exercise ", number, " does not end with \"not yet attempted\"");
      }
    }
  }
  for (const Verdict& verdict : check_file(file, root_ / "src" / file.source, options))
    expect(verdict.is == Verdict::Is::kRight, "the reference does not pass ", verdict.exercise, ": ", verdict.because);

  const Turn turn(build_);
  make_mistakes(file, "");
  for (Index round = 0; round < options.rounds; ++round) {
    const std::uint64_t seed = options.seed + std::uint64_t(round);
    const Looked expected = look(file.target + "_reference", seed, options.limits);
    const std::vector<Looked> wrong = look_at_mistakes(file, "", seed, options.limits);
    for (std::size_t k = 0; k < file.mistakes.size(); ++k) {
      const Mistake& mistake = file.mistakes[k];
      const Looked& found = wrong[k];
      const Verdict verdict = judge(file, mistake.exercise, expected, found, seed);
      expect(verdict.is == Verdict::Is::kWrong, "\"", mistake.name, "\" is not caught (seed ", seed, ") ",
             verdict.because);
      const auto sight = found.sights.find(mistake.exercise);
      if (sight == found.sights.end() || !sight->second.whole) continue;  // crashes have no name
      const Mistake* name = known(file, mistake.exercise, sight->second, wrong);
      expect(name == &mistake, "\"", mistake.name, "\" is named \"", name ? name->name : "", "\" (seed ", seed, ")");
    }
  }
  return faults;
}

fs::path Checker::build_mine(const std::map<std::string, fs::path>& paths) const {
  const Turn turn(build_);
  const fs::path slots = build_ / "chapters/mine";
  for (const auto& entry : fs::recursive_directory_iterator(slots)) {
    if (!entry.is_regular_file()) continue;
    const auto mine = paths.find(entry.path().lexically_relative(slots).string());
    write_if_new(entry.path(), mine == paths.end() ? "// empty: the library's own file is used\n"
                                                   : named(mine->second, read_file(mine->second)));
  }
  const Ended made = make({"seekling_mine"}, kOurs);
  check(made.well(), "--mine: the program does not build with your files:", first_complaint(made.output));
  return build_ / "chapters/programs/seekling_mine";
}

}  // namespace seekling
