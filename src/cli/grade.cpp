// seekling grade DIR: points for a folder of reader's files, as a list or as Gradescope's JSON.
#include "course/grade.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"
#include "system/confinement.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

// The chapter of --chapter, or the chapters that `folder` has a folder of.
std::vector<Chapter> chapters_in(const fs::path& folder, const cxxopts::ParseResult& flags) {
  std::vector<Chapter> chapters;
  for (const Chapter& chapter : read_chapters(kRoot)) {
    const bool wanted = flags.count("chapter") ? chapter.number == flags["chapter"].as<Index>()
                                               : fs::is_directory(folder / chapter.digits());
    if (wanted && !chapter.files.empty()) chapters.push_back(chapter);
  }
  check(!chapters.empty(), folder.string(), ": has no folder of a chapter with exercises, such as ",
        folder.string(), "/05");
  return chapters;
}

void print_points(const std::vector<Graded>& graded, const std::string& remark) {
  Index points = 0, of = 0;
  for (const Graded& line : graded) {
    std::cout << line.points << "/" << line.of << "  " << line.name << "\n";
    std::istringstream lines(line.output);
    for (std::string output; std::getline(lines, output);) std::cout << "      " << output << "\n";
    points += line.points;
    of += line.of;
  }
  std::cout << points << "/" << of << ", " << remark << "\n";
}

}  // namespace

int grade_command(int argc, char** argv) {
  cxxopts::Options options(
      "seekling grade",
      "grade DIR: points for files in the layout of my/, such as DIR/05/attention/rope.cpp.\n\n"
      "The files are compiled and run with limits on time, memory, processes, output and files. A "
      "file that is reached through a link, or that includes a file outside the project, is not "
      "compiled. " +
          containment_in_words() +
          "\n\nNOT contained: a program that knows how the check works can print the right values "
          "without computing them. A program can use all processors until its time is over, and "
          "--memory in each of its processes. It can read all that you can read in /etc, /usr and "
          "/proc (as root: everything), and find out whether a file exists and how large it is. "
          "Look at the code that passes, and grade strangers on a machine without valuable data.");
  add_argument(options, "the folder", "DIR");
  options.add_options()("chapter",
                        "grade only this chapter (default: all chapters that DIR has a folder of)",
                        cxxopts::value<Index>(), "N")("json", "print Gradescope's results.json");
  add_check_options(options);
  const auto flags = parse(options, argc, argv, "what");
  const fs::path folder = argument(flags, "the folder to grade", "grade my");
  check(fs::is_directory(folder), folder.string(),
        ": is not a folder, expected one with chapters in it, like my/05");
  const CheckOptions check_with = check_options(flags);

  // Grade each chapter
  std::vector<Graded> graded;
  for (const Chapter& chapter : chapters_in(folder, flags))
    for (const Graded& line : grade(the_checker(), chapter, {folder}, check_with))
      graded.push_back(line);
  const std::string remark =
      text("graded on ", check_with.rounds, " random inputs from --seed ", check_with.seed);

  // Print the points
  if (flags.count("json"))
    std::cout
        << gradescope(graded, remark).dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
        << "\n";
  else print_points(graded, remark);
  return 0;
}

}  // namespace seekling
