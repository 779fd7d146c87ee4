// Points for a folder of readers' files.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "course/check.h"
#include "course/reader_folder.h"

namespace seekling {

struct Graded {
  std::string name;  // "5.1 The speeds"
  Index points = 0, of = 0;
  std::string output;  // why not all of them
};

// The programmed exercises of `chapter`. A file that is not there has no points.
std::vector<Graded> grade(const Checker& checker, const Chapter& chapter,
                          const ReaderFolder& folder, const CheckOptions& options);

// The results.json of Gradescope's autograders; `remark` is shown above the exercises.
nlohmann::json gradescope(const std::vector<Graded>& graded, const std::string& remark);

}  // namespace seekling
