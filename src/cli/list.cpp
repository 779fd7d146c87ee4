// seekling list: the chapters, their exercises, and how far the reader is.
#include <iostream>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"
#include "system/file.h"

namespace seekling {

// How far the reader is with an exercise.
static std::string state_of(const Exercise& exercise, const Chapter& chapter,
                            const ReaderFolder& my) {
  const ExerciseFile* file = chapter.file_of(exercise.number);
  if (!file) return "on paper";
  if (my.passed(chapter).contains(exercise.number)) return "right";
  const std::filesystem::path path = my.file(chapter, *file);
  if (!std::filesystem::exists(path)) return "not started";
  return attempted(read_file(path), exercise.number) ? "open" : "not yet attempted";
}

int list_command(int argc, char** argv) {
  cxxopts::Options options("seekling list", "The chapters, their exercises, and how far you are.");
  add_my(options);
  const auto flags = parse(options, argc, argv);
  const ReaderFolder my = my_folder(flags);
  for (const Chapter& chapter : read_chapters(kRoot)) {
    std::cout << chapter.number << "  " << chapter.title << "  ("
              << (chapter.folder / "README.md").string() << ")\n";
    for (const Exercise& exercise : chapter.exercises)
      std::cout << "   " << exercise.number << "  " << exercise.title << ": "
                << state_of(exercise, chapter, my) << "\n";
  }
  std::cout << "./seekling demo N shows chapter N, ./seekling start N begins its exercises\n";
  return 0;
}

}  // namespace seekling
