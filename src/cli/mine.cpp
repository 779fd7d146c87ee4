// seekling COMMAND --mine: the same command in a program that has the reader's files instead of the
// library's.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iostream>
#include <map>

#include "cli/command.h"
#include "console/course_flags.h"
#include "console/flags.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

bool is_mine(const std::string& word) { return word == "--mine" || word.starts_with("--mine="); }

ReaderFolder folder_of(const std::string& word) {
  return {word == "--mine" ? kRoot / "my" : fs::path(word.substr(std::strlen("--mine=")))};
}

// The last exercise of a reader's file that is not attempted; empty if all are.
std::string open_exercise(const ExerciseFile& file, const std::string& contents) {
  std::string open;
  for (const Body& body : file.bodies)
    if (!attempted(contents, body.exercise)) open = body.exercise;
  return open;
}

// The reader's finished files, by their place in src/. A file that two chapters have is the later
// chapter's.
std::map<std::string, fs::path> finished_files(const ReaderFolder& my) {
  std::map<std::string, fs::path> files;
  for (const Chapter& chapter : read_chapters(kRoot))
    for (const ExerciseFile& file : chapter.files) {
      const fs::path path = my.file(chapter, file);
      if (!fs::exists(path)) continue;
      const std::string open = open_exercise(file, read_file(path));
      if (open.empty()) files[file.source.string()] = shown(path);
      else
        std::cerr << shown(path).string() << " is left out: its exercise " << open
                  << " is not yet attempted\n";
    }
  check(!files.empty(), "--mine: ", shown(my.path).string(),
        " has no finished file; begin one with ./seekling start 5");
  return files;
}

}  // namespace

bool wants_mine(int argc, char** argv) {
  return std::any_of(argv + std::min(argc, 2), argv + argc, is_mine);
}

int mine_command(int argc, char** argv) {
  check(std::strcmp(argv[1], "demo") != 0,
        "--mine: a demo is a separate program and always uses the library's files");
  const std::string mine = *std::find_if(argv + 2, argv + argc, is_mine);
  const std::map<std::string, fs::path> files = finished_files(folder_of(mine));
  for (const auto& [source, path] : files)
    std::cerr << path.string() << " takes the place of src/" << source << "\n";
  const std::string program = Workshop(SEEKLING_BUILD).make_mine(files).string();
  std::vector<char*> words;
  for (int i = 0; i < argc; ++i)
    if (!is_mine(argv[i])) words.push_back(argv[i]);
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  throw Error(program + ": cannot be started: " + std::strerror(errno));
}

}  // namespace seekling
