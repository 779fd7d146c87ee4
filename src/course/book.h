// The contents of the course's folders: chapters, exercises, hints, starters, known mistakes. The
// format is in chapters/README.md, "How a chapter is made". Errors name the file and what is
// missing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/real.h"
#include "course/starter.h"

namespace seekling {

// An exercise, or a part of one: "## 10.1 The router" holds "### 10.1a The gates"
// and "### 10.1b Their gradient".
struct Exercise {
  std::string number, title;  // "5.1", "The speeds"
  Index points = 0;           // 0: on paper
  std::vector<std::string> hints;
};

struct Mistake {
  std::string exercise, name;  // "5.2", "The start is forgotten: every call begins at position 0"
  std::string reread;          // chapters/05-rope/README.md#what-a-position-is
  std::string find, replace;   // in the file of src/
};

// A file of src/ from which exercises remove function bodies.
struct ExerciseFile {
  std::filesystem::path source;  // attention/rope.cpp
  std::string target;            // course_05_rope: its programs' name in chapters/CMakeLists.txt
  // The text without the bodies, and the text of src/attention/rope.cpp.
  std::string starter, reference;
  std::vector<Body> bodies;  // in the file's order
  std::vector<Mistake> mistakes;
};

struct Chapter {
  Index number = 0;
  std::filesystem::path folder;  // chapters/05-rope, from the repository's root
  std::string title;
  std::vector<Exercise> exercises;
  std::vector<ExerciseFile> files;

  std::string digits() const;  // "05"
  const Exercise& exercise(const std::string& number) const;
  // For 10.1: 10.1a and 10.1b; for 5.1 or 10.1a: the exercise itself.
  std::vector<std::string> parts(const std::string& number) const;
  const ExerciseFile* file_of(const std::string& number) const;  // null: on paper
};

std::vector<Chapter> read_chapters(const std::filesystem::path& root);  // the written ones
Chapter read_chapter(const std::filesystem::path& root, Index number);

std::string solution(const ExerciseFile& file, const std::string& exercise);  // the body in src/

// The reference with the mistake in it.
std::string with_mistake(const ExerciseFile& file, const Mistake& mistake);

bool attempted(const std::string& text, const std::string& exercise);  // without the `throw`

}  // namespace seekling
