// seekling check N: the reader's files of chapter N compared with ours; --prove tests the check.
#include <chrono>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"
#include "course/submission.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

void print_verdict(const Exercise& exercise, const Verdict& verdict, const std::string& because) {
  static constexpr const char* kWords[] = {"right", "WRONG", "not yet attempted", "open"};
  std::cout << "  " << exercise.number << "  " << exercise.title << ": " << kWords[int(verdict.is)]
            << "\n";
  std::istringstream lines(printable(because));
  for (std::string line; std::getline(lines, line);) std::cout << "       " << line << "\n";
}

// A reason that several exercises share is printed once.
void print_verdicts(const Chapter& chapter, const std::vector<Verdict>& verdicts) {
  std::string before;
  for (const Verdict& verdict : verdicts) {
    const bool same = !verdict.because.empty() && verdict.because == before;
    print_verdict(chapter.exercise(verdict.exercise), verdict, same ? "the same" : verdict.because);
    before = verdict.because;
  }
}

// The files of the chapter that the reader has.
std::vector<const ExerciseFile*> files_there(const Chapter& chapter, const ReaderFolder& my) {
  std::vector<const ExerciseFile*> there;
  for (const ExerciseFile& file : chapter.files)
    if (fs::exists(my.file(chapter, file))) there.push_back(&file);
  return there;
}

// True if every exercise of the chapter is right.
bool check_chapter(const Chapter& chapter, const ReaderFolder& my, const CheckOptions& options) {
  const std::vector<const ExerciseFile*> files = files_there(chapter, my);
  check(!files.empty(), shown(my.of(chapter)).string(), ": has none of chapter ", chapter.number,
        "'s files; copy them there with ./seekling start ", chapter.number);

  // Check each file, and keep a list of what is right
  std::set<std::string> right = my.passed(chapter);
  std::string next;  // the first exercise that is not right
  for (const ExerciseFile* file : files) {
    const fs::path path = shown(my.file(chapter, *file));
    std::cout << path.string() << "\n" << std::flush;
    const std::vector<Verdict> verdicts = the_checker().check_file(*file, path, options);
    print_verdicts(chapter, verdicts);
    for (const Verdict& verdict : verdicts) {
      if (verdict.is == Verdict::Is::kRight) {
        right.insert(verdict.exercise);
      } else {
        right.erase(verdict.exercise);
        if (next.empty()) next = verdict.exercise;
      }
    }
  }
  my.set_passed(chapter, right);

  // Say what to do next
  if (next.empty())
    std::cout << "all of chapter " << chapter.number << " is right; ./seekling solution "
              << chapter.files[0].bodies[0].exercise
              << " shows our code, ./seekling train --mine trains with yours\n";
  else
    std::cout << "next: " << next << "; ./seekling hint " << next << " helps; checked with --seed "
              << options.seed << "\n";
  std::cout << std::flush;
  return next.empty();
}

using FileTimes = std::map<fs::path, fs::file_time_type>;

FileTimes times_of(const Chapter& chapter, const ReaderFolder& my) {
  FileTimes times;
  for (const ExerciseFile& file : chapter.files) {
    const fs::path path = my.file(chapter, file);
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

int check_command(int argc, char** argv) {
  cxxopts::Options options("seekling check", "check N: checks your files of chapter N.");
  add_argument(options, "the chapter", "N");
  options.add_options()("watch", "check again whenever you save a file, until all is right")(
      "prove", "test the checker: starters, references and known mistakes instead of your files");
  add_my(options);
  add_check_options(options);
  const auto flags = parse(options, argc, argv, "what");
  const Chapter chapter = chapter_argument(flags, "check 5");
  expect_programmed(chapter);
  if (flags.count("prove")) return prove(chapter, check_options(flags)) ? 0 : 1;
  const ReaderFolder my = my_folder(flags);
  if (!flags.count("watch")) return check_chapter(chapter, my, check_options(flags)) ? 0 : 1;
  for (;;) {
    const FileTimes before = times_of(chapter, my);
    if (check_chapter(chapter, my, check_options(flags))) return 0;
    std::cout << "waiting for you to save a file; Ctrl-C ends\n" << std::flush;
    while (times_of(chapter, my) == before)
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::cout << "\n";
  }
}

}  // namespace seekling
