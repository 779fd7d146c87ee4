// A starter: a file of src/ with the bodies of its exercises taken out. A block of exercises.md
// shows the place of each body: the file, the lines before the body, the task as a comment instead
// of the body, and the line after it.
//
//   ```cpp
//   // src/attention/rope.cpp
//   Rotary Rotary::plain(Index rope, double base) {
//     // Fill in θ_j = base^(-2j/rope) for j = 0 .. rope/2 - 1.
//   }
//   ```
//
// The lines before are compared without spaces, line breaks and comments, and must be in the source
// exactly once. The body ends before the first line that is indented less than the body's first
// line; there the source must continue with the lines after the comment. An Error names the page
// and the exercise.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "course/markdown.h"

namespace seekling {

struct Task {
  std::string exercise;          // "5.1"
  std::filesystem::path source;  // attention/rope.cpp
  Lines before, after;           // the lines around the body
  std::string text;              // the comment, in one line
};

// The tasks among the blocks of a section: the blocks that begin with "// src/".
std::vector<Task> tasks_of(const Section& section, const std::filesystem::path& page);

// The place of a body: source lines begin .. end - 1.
struct Body {
  std::string exercise, task;
  std::size_t begin = 0, end = 0;
};

// The bodies of `tasks`, which are all in `source`, in the order of the file.
std::vector<Body> bodies_of(const std::vector<Task>& tasks, const Lines& source,
                            const std::filesystem::path& page);

std::string starter_of(const Lines& source, const std::vector<Body>& bodies);

}  // namespace seekling
