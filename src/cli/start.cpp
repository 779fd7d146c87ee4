// seekling start N: the starters of chapter N, written to my/NN.
#include <iostream>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

int start_command(int argc, char** argv) {
  cxxopts::Options options("seekling start",
                           "start N: copies the exercises of chapter N to my/NN.");
  add_argument(options, "the chapter", "N");
  options.add_options()("again", "replace what is there; the old file is kept as file.cpp.old");
  add_my(options);
  const auto flags = parse(options, argc, argv, "what");
  const Chapter chapter = chapter_argument(flags, "start 5");
  expect_programmed(chapter);
  for (const ExerciseFile& file : chapter.files) {
    const fs::path path = my_folder(flags).file(chapter, file);
    if (fs::exists(path) && !flags.count("again")) {
      std::cout << shown(path).string()
                << " already exists and was left unchanged; --again replaces it\n";
      continue;
    }
    fs::create_directories(path.parent_path());
    if (fs::exists(path)) fs::rename(path, path.string() + ".old");
    replace_file(path, file.starter);
    std::cout << shown(path).string() << "\n";
  }
  std::cout << "what to do: " << (chapter.folder / "exercises.md").string()
            << "; then ./seekling check " << chapter.number << "\n";
  return 0;
}

}  // namespace seekling
