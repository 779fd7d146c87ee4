// A reader's folder, my/, which git ignores so that solutions are not published by accident.
// The reader's files are in my/NN/directory/file.cpp; my/NN/.passed holds the numbers
// of the exercises that have passed.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "course/book.h"

namespace seekling {

struct ReaderFolder {
  std::filesystem::path path;

  std::filesystem::path of(const Chapter& chapter) const;
  std::filesystem::path file(const Chapter& chapter, const ExerciseFile& file) const;
  std::set<std::string> passed(const Chapter& chapter) const;
  void set_passed(const Chapter& chapter, const std::set<std::string>& numbers) const;
};

}  // namespace seekling
