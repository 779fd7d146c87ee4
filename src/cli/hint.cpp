// seekling hint N.K: one of the three hints for an exercise.
#include <iostream>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"

namespace seekling {

// The exercise itself, or the first of its parts that has not passed; the last if all have passed.
static std::string open_part(const Chapter& chapter, const std::string& asked,
                             const std::set<std::string>& passed) {
  std::string number;
  for (const std::string& part : chapter.parts(asked))
    if (number.empty() || passed.contains(number)) number = part;
  return number;
}

int hint_command(int argc, char** argv) {
  cxxopts::Options options("seekling hint", "hint N.K: helps with exercise K of chapter N.");
  add_argument(options, "the exercise", "N.K");
  options.add_options()("level", "1: a question, 2: an idea, 3: nearly the code",
                        cxxopts::value<Index>()->default_value("1"), "L");
  add_my(options);
  const auto flags = parse(options, argc, argv, "what");
  const std::string asked = argument(flags, "the exercise's number", "hint 5.1");
  const Chapter chapter = chapter_of_exercise(asked);
  const std::string number = open_part(chapter, asked, my_folder(flags).passed(chapter));
  const Exercise& exercise = chapter.exercise(number);
  const Index level = number_of(flags, "level", 1), levels = Index(exercise.hints.size());
  check(levels > 0, "there is no hint for ", number, ": it is done on paper, and its answer is in ",
        (chapter.folder / "exercises.md").string());
  if (level > levels) throw Usage(text("--level: found ", level, ", expected 1 to ", levels));
  std::cout << exercise.hints[std::size_t(level - 1)] << "\n";
  if (level < levels)
    std::cerr << "(" << number << ", level " << level << " of " << levels
              << "; more: ./seekling hint " << number << " --level " << level + 1 << ")\n";
  return 0;
}

}  // namespace seekling
