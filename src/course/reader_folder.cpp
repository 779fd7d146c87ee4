#include "course/reader_folder.h"

#include <fstream>

#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

fs::path ReaderFolder::of(const Chapter& chapter) const { return path / chapter.digits(); }

fs::path ReaderFolder::file(const Chapter& chapter, const ExerciseFile& file) const {
  return of(chapter) / file.source;
}

std::set<std::string> ReaderFolder::passed(const Chapter& chapter) const {
  std::set<std::string> numbers;
  std::ifstream in(of(chapter) / ".passed");
  for (std::string number; in >> number;) numbers.insert(number);
  return numbers;
}

void ReaderFolder::set_passed(const Chapter& chapter, const std::set<std::string>& numbers) const {
  std::string lines;
  for (const std::string& number : numbers) lines += number + "\n";
  replace_file(of(chapter) / ".passed", lines);
}

}  // namespace seekling
