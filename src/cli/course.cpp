// The course: list, start, check, hint, solution, grade. A reader's files lie in my/NN/room/file.cpp, which git ignores, so
// that nobody publishes solutions by accident; my/NN/.passed holds the numbers of the exercises that have passed.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "cli/command.h"
#include "cli/course_book.h"
#include "cli/course_build.h"
#include "cli/course_check.h"
#include "cli/course_grade.h"
#include "interop/file.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SEEKLING_ROOT;

Checker the_checker() { return {SEEKLING_ROOT, SEEKLING_BUILD}; }

void add_my(cxxopts::Options& options) {
  options.add_options()("my", "where your files are",
                        cxxopts::value<std::string>()->default_value((kRoot / "my").string()), "DIR");
}

// As the reader would type it from where the reader is.
fs::path shown(const fs::path& path) {
  const fs::path relative = path.lexically_relative(fs::current_path());
  return relative.empty() || relative.string().starts_with("..") ? path : relative;
}

std::string positional(const cxxopts::ParseResult& flags, const char* what, const char* example) {
  if (!flags.count("what")) throw Usage(text(what, " is missing; for example: ./seekling ", example));
  return flags["what"].as<std::string>();
}

Index chapter_number(const std::string& word) {
  const bool digits = !word.empty() && word.size() < 3 && word.find_first_not_of("0123456789") == word.npos;
  if (!digits) throw Usage("found \"" + word + "\", expected the number of a chapter, like 5");
  return std::stoll(word);
}

Chapter chapter_of_exercise(const std::string& number) {
  const std::size_t dot = number.find('.');
  if (dot == number.npos) throw Usage("found \"" + number + "\", expected the number of an exercise, like 5.1");
  return read_chapter(kRoot, chapter_number(number.substr(0, dot)));
}

std::set<std::string> passed(const fs::path& my, const Chapter& chapter) {
  std::set<std::string> numbers;
  std::ifstream in(my / chapter.digits() / ".passed");
  for (std::string number; in >> number;) numbers.insert(number);
  return numbers;
}

void expect_programmed(const Chapter& chapter) {
  check(!chapter.files.empty(), "chapter ", chapter.number, " has no exercise to program; those on paper are in ",
        (chapter.folder / "exercises.md").string());
}

std::uint64_t fresh_seed() { return std::random_device()() % 1000000; }

void add_check_options(cxxopts::Options& options) {
  options.add_options()("seed", "of the random shapes and numbers (fresh each time)", cxxopts::value<std::uint64_t>(),
                        "N")("rounds", "so many random inputs", cxxopts::value<Index>()->default_value("3"), "N")(
      "seconds", "stop a program that runs longer", cxxopts::value<double>()->default_value("60"), "X")(
      "memory", "MiB of memory that it may have", cxxopts::value<Index>()->default_value("4096"), "N");
}

CheckOptions check_options(const cxxopts::ParseResult& flags) {
  CheckOptions options;
  options.seed = flags.count("seed") ? flags["seed"].as<std::uint64_t>() : fresh_seed();
  options.rounds = number_of(flags, "rounds", 1);
  options.limits.seconds = flags["seconds"].as<double>();
  options.limits.memory_mib = number_of(flags, "memory", 64);
  return options;
}

void print_verdict(const Exercise& exercise, const Verdict& verdict) {
  static constexpr const char* kWords[] = {"right", "WRONG", "not yet attempted", "open"};
  std::cout << "  " << exercise.number << "  " << exercise.title << ": " << kWords[int(verdict.is)] << "\n";
  std::istringstream lines(verdict.because);
  for (std::string line; std::getline(lines, line);) std::cout << "       " << line << "\n";
}

// True if every exercise of the chapter is right.
bool check_chapter(const Chapter& chapter, const fs::path& my, const CheckOptions& options) {
  std::set<std::string> right = passed(my, chapter);
  bool all = true, any = false;
  std::string next;
  for (const ExerciseFile& file : chapter.files) {
    const fs::path path = my / chapter.digits() / file.source;
    if (!fs::exists(path)) continue;
    any = true;
    std::cout << shown(path).string() << "\n" << std::flush;
    const auto verdicts = the_checker().check_file(file, shown(path), options);
    std::string because;
    for (Verdict verdict : verdicts) {
      const bool again = !verdict.because.empty() && verdict.because == because;
      because = verdict.because;
      if (again) verdict.because = "the same";
      print_verdict(chapter.exercise(verdict.exercise), verdict);
      if (verdict.is == Verdict::Is::kRight) {
        right.insert(verdict.exercise);
      } else {
        right.erase(verdict.exercise);
        all = false;
        if (next.empty()) next = verdict.exercise;
      }
    }
  }
  check(any, shown(my / chapter.digits()).string(), ": holds none of chapter ", chapter.number,
        "'s files; copy them there with ./seekling start ", chapter.number);
  std::string numbers;
  for (const std::string& number : right) numbers += number + "\n";
  write_file(my / chapter.digits() / ".passed", numbers);
  if (next.empty())
    std::cout << "all of chapter " << chapter.number << " is right; ./seekling solution "
              << chapter.files[0].bodies[0].exercise
              << " shows our code, ./seekling train --mine trains with yours\n";
  else
    std::cout << "next: " << next << "; ./seekling hint " << next << " helps; checked with --seed " << options.seed
              << "\n";
  std::cout << std::flush;
  return all;
}

using FileTimes = std::map<fs::path, fs::file_time_type>;

FileTimes times_of(const Chapter& chapter, const fs::path& my) {
  FileTimes times;
  for (const ExerciseFile& file : chapter.files) {
    const fs::path path = my / chapter.digits() / file.source;
    std::error_code none;  // an editor may be replacing it at this moment
    const fs::file_time_type time = fs::last_write_time(path, none);
    if (!none) times[path] = time;
  }
  return times;
}

bool prove(const Chapter& chapter, const CheckOptions& options) {
  bool well = true;
  for (const ExerciseFile& file : chapter.files) {
    const std::vector<std::string> faults = the_checker().prove(chapter, file, options);
    for (const std::string& fault : faults) std::cout << "FAULT  " << fault << "\n";
    if (faults.empty())
      std::cout << chapter.number << "  " << file.source.string()
                << ": the starter is not attempted, the reference passes, " << file.mistakes.size()
                << " of " << file.mistakes.size() << " known mistakes in " << file.bodies.size()
                << " bodies are caught and named\n";
    well = well && faults.empty();
  }
  return well;
}

}  // namespace

int list_command(int argc, char** argv) {
  cxxopts::Options options("seekling list", "The chapters, their exercises, and how far you are.");
  add_my(options);
  const auto flags = parse(options, argc, argv);
  const fs::path my = flags["my"].as<std::string>();
  for (const Chapter& chapter : read_chapters(kRoot)) {
    std::cout << chapter.number << "  " << chapter.title << "  (" << (chapter.folder / "README.md").string() << ")\n";
    const std::set<std::string> right = passed(my, chapter);
    for (const Exercise& exercise : chapter.exercises) {
      const ExerciseFile* file = chapter.file_of(exercise.number);
      const fs::path path = file ? my / chapter.digits() / file->source : fs::path();
      std::string state = "on paper";
      if (file && right.contains(exercise.number)) state = "right";
      else if (file && !fs::exists(path)) state = "not started";
      else if (file) state = attempted(read_file(path), exercise.number) ? "open" : "not yet attempted";
      std::cout << "   " << exercise.number << "  " << exercise.title << ": " << state << "\n";
    }
  }
  std::cout << "./seekling start N begins chapter N\n";
  return 0;
}

int start_command(int argc, char** argv) {
  cxxopts::Options options("seekling start", "start N: copies the exercises of chapter N to my/NN.");
  options.positional_help("N");
  options.add_options()("what", "the chapter", cxxopts::value<std::string>(), "N")(
      "again", "replace what is there; the old file is kept as file.cpp.old");
  add_my(options);
  const auto flags = parse(options, argc, argv, "what");
  const Chapter chapter = read_chapter(kRoot, chapter_number(positional(flags, "the chapter's number", "start 5")));
  expect_programmed(chapter);
  const fs::path my = flags["my"].as<std::string>();
  for (const ExerciseFile& file : chapter.files) {
    const fs::path path = my / chapter.digits() / file.source;
    if (fs::exists(path) && !flags.count("again")) {
      std::cout << shown(path).string() << " is there already and was left alone; --again starts it anew\n";
      continue;
    }
    fs::create_directories(path.parent_path());
    if (fs::exists(path)) fs::rename(path, path.string() + ".old");
    write_file(path, file.starter);
    std::cout << shown(path).string() << "\n";
  }
  std::cout << "what to do: " << (chapter.folder / "exercises.md").string() << "; then ./seekling check "
            << chapter.number << "\n";
  return 0;
}

int check_command(int argc, char** argv) {
  cxxopts::Options options("seekling check", "check N: checks your files of chapter N.");
  options.positional_help("N");
  options.add_options()("what", "the chapter", cxxopts::value<std::string>(), "N")(
      "watch", "again whenever you save a file, until all is right")(
      "prove", "check the check: starters, references and known mistakes instead of your files");
  add_my(options);
  add_check_options(options);
  const auto flags = parse(options, argc, argv, "what");
  const Chapter chapter = read_chapter(kRoot, chapter_number(positional(flags, "the chapter's number", "check 5")));
  expect_programmed(chapter);
  if (flags.count("prove")) return prove(chapter, check_options(flags)) ? 0 : 1;
  const fs::path my = flags["my"].as<std::string>();
  if (!flags.count("watch")) return check_chapter(chapter, my, check_options(flags)) ? 0 : 1;
  for (;;) {
    const FileTimes before = times_of(chapter, my);
    if (check_chapter(chapter, my, check_options(flags))) return 0;
    std::cout << "waiting for you to save a file; Ctrl-C ends\n" << std::flush;
    while (times_of(chapter, my) == before) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::cout << "\n";
  }
}

int hint_command(int argc, char** argv) {
  cxxopts::Options options("seekling hint", "hint N.K: helps with exercise K of chapter N.");
  options.positional_help("N.K");
  options.add_options()("what", "the exercise", cxxopts::value<std::string>(), "N.K")(
      "level", "1: a question, 2: an idea, 3: nearly the code", cxxopts::value<Index>()->default_value("1"), "L");
  add_my(options);
  const auto flags = parse(options, argc, argv, "what");
  const std::string asked = positional(flags, "the exercise's number", "hint 5.1");
  const Chapter chapter = chapter_of_exercise(asked);
  const std::set<std::string> right = passed(flags["my"].as<std::string>(), chapter);
  std::string number;  // of an exercise in parts: the first that has not passed
  for (const std::string& part : chapter.parts(asked))
    if (number.empty() || right.contains(number)) number = part;
  const Exercise& exercise = chapter.exercise(number);
  const Index level = number_of(flags, "level", 1), levels = Index(exercise.hints.size());
  check(levels > 0, "there is no hint for ", number, ": it is done on paper, and its answer stands in ",
        (chapter.folder / "exercises.md").string());
  if (level > levels) throw Usage(text("--level: found ", level, ", expected 1 to ", levels));
  std::cout << exercise.hints[std::size_t(level - 1)] << "\n";
  if (level < levels)
    std::cerr << "(" << number << ", level " << level << " of " << levels << "; more: ./seekling hint " << number
              << " --level " << level + 1 << ")\n";
  return 0;
}

int solution_command(int argc, char** argv) {
  cxxopts::Options options("seekling solution", "solution N.K: our code, once yours has passed the check.");
  options.positional_help("N.K");
  options.add_options()("what", "the exercise", cxxopts::value<std::string>(), "N.K")("anyway", "even so");
  add_my(options);
  const auto flags = parse(options, argc, argv, "what");
  const std::string number = positional(flags, "the exercise's number", "solution 5.1");
  const Chapter chapter = chapter_of_exercise(number);
  const std::set<std::string> right = passed(flags["my"].as<std::string>(), chapter);
  std::string code;
  for (const std::string& part : chapter.parts(number)) {
    const ExerciseFile* file = chapter.file_of(part);
    check(file != nullptr, part, " is done on paper; its answer stands in ",
          (chapter.folder / "exercises.md").string());
    check(flags.count("anyway") || right.contains(part), part, " has not passed the check yet; ./seekling hint ", part,
          " helps, and --anyway shows the solution all the same");
    code += (code.empty() ? "// src/" : "\n// src/") + file->source.string() + "\n" + solution(*file, part);
  }
  std::cout << code;
  return 0;
}

int grade_command(int argc, char** argv) {
  cxxopts::Options options(
      "seekling grade",
      "grade DIR: points for the files in DIR/NN/room/file.cpp, where `start` puts them in my/.\n\n"
      "The files are compiled and run with limits on time, memory and output, against accidents. This "
      "is no protection against malice: a program may read your files and use your network, and one "
      "that knows how the check works may write down the right numbers. Grade strangers in a container "
      "without a network, and look at what passes.");
  options.positional_help("DIR");
  options.add_options()("what", "the folder", cxxopts::value<std::string>(), "DIR")(
      "chapter", "grade this chapter alone; by default those that DIR has a folder of", cxxopts::value<Index>(), "N")(
      "json", "print Gradescope's results.json");
  add_check_options(options);
  const auto flags = parse(options, argc, argv, "what");
  const fs::path folder = positional(flags, "the folder to grade", "grade my");
  check(fs::is_directory(folder), folder.string(), ": is not a folder, expected one with chapters in it, like my/05");
  std::vector<Chapter> chapters;
  for (const Chapter& chapter : read_chapters(kRoot)) {
    const bool wanted = flags.count("chapter") ? chapter.number == flags["chapter"].as<Index>()
                                               : fs::is_directory(folder / chapter.digits());
    if (wanted && !chapter.files.empty()) chapters.push_back(chapter);
  }
  check(!chapters.empty(), folder.string(), ": has no folder of a chapter that has exercises, like ", folder.string(),
        "/05");
  const CheckOptions check_with = check_options(flags);
  std::vector<Graded> graded;
  for (const Chapter& chapter : chapters)
    for (const Graded& line : grade(the_checker(), chapter, folder, check_with)) graded.push_back(line);
  const std::string remark = text("graded on ", check_with.rounds, " random inputs from --seed ", check_with.seed);
  if (flags.count("json")) {
    std::cout << gradescope(graded, remark).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return 0;
  }
  Index points = 0, of = 0;
  for (const Graded& line : graded) {
    std::cout << line.points << "/" << line.of << "  " << line.name << "\n";
    std::istringstream lines(line.output);
    for (std::string output; std::getline(lines, output);) std::cout << "      " << output << "\n";
    points += line.points, of += line.of;
  }
  std::cout << points << "/" << of << ", " << remark << "\n";
  return 0;
}

static bool is_mine(const std::string& word) { return word == "--mine" || word.starts_with("--mine="); }

bool wants_mine(int argc, char** argv) { return std::any_of(argv + std::min(argc, 2), argv + argc, is_mine); }

int mine_command(int argc, char** argv) {
  const std::string mine = *std::find_if(argv + 2, argv + argc, is_mine);
  const fs::path my = mine == "--mine" ? kRoot / "my" : fs::path(mine.substr(std::strlen("--mine=")));
  std::map<std::string, fs::path> files;
  for (const Chapter& chapter : read_chapters(kRoot))
    for (const ExerciseFile& file : chapter.files) {
      const fs::path path = my / chapter.digits() / file.source;
      if (!fs::exists(path)) continue;
      const std::string contents = read_file(path);
      std::string open;
      for (const Body& body : file.bodies)
        if (!attempted(contents, body.exercise)) open = body.exercise;
      if (open.empty())
        files[file.source.string()] = shown(path);  // of two chapters with the same file the later one's counts
      else std::cerr << shown(path).string() << " is left out: its exercise " << open << " is not yet attempted\n";
    }
  check(!files.empty(), "--mine: ", shown(my).string(), " holds no finished file; begin one with ./seekling start 5");
  for (const auto& [source, path] : files) std::cerr << path.string() << " takes the place of src/" << source << "\n";
  const std::string program = Workshop(SEEKLING_BUILD).make_mine(files).string();
  std::vector<char*> words;
  for (int i = 0; i < argc; ++i)
    if (!is_mine(argv[i])) words.push_back(argv[i]);
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  throw Error(program + ": cannot be started: " + std::strerror(errno));
}

}  // namespace seekling
