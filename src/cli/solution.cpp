// seekling solution N.K: our code of an exercise, for a reader who has passed it.
#include <iostream>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"

namespace seekling {

int solution_command(int argc, char** argv) {
  cxxopts::Options options("seekling solution",
                           "solution N.K: our code, once yours has passed the check.");
  add_argument(options, "the exercise", "N.K");
  options.add_options()("anyway", "even so");
  add_my(options);
  const auto flags = parse(options, argc, argv, "what");
  const std::string number = argument(flags, "the exercise's number", "solution 5.1");
  const Chapter chapter = chapter_of_exercise(number);
  const std::set<std::string> passed = my_folder(flags).passed(chapter);
  std::string code;
  for (const std::string& part : chapter.parts(number)) {
    const ExerciseFile* file = chapter.file_of(part);
    check(file != nullptr, part, " is done on paper; its answer is in ",
          (chapter.folder / "exercises.md").string());
    check(flags.count("anyway") || passed.contains(part), part,
          " has not passed the check yet; ./seekling hint ", part,
          " helps, and --anyway shows the solution regardless");
    code += (code.empty() ? "// src/" : "\n// src/") + file->source.string() + "\n" +
            solution(*file, part);
  }
  std::cout << code;
  return 0;
}

}  // namespace seekling
