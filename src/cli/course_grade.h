// Points for a folder of readers' files.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/course_check.h"

namespace seekling {

struct Graded {
  std::string name;  // "5.1 The speeds"
  Index points = 0, of = 0;
  std::string output;  // why not all of them
};

// The programmed exercises of `chapter`, whose files lie in folder/NN as `start` puts them. A file that is not there has no
// points.
std::vector<Graded> grade(const Checker& checker, const Chapter& chapter, const std::filesystem::path& folder,
                          const CheckOptions& options);

nlohmann::json gradescope(const std::vector<Graded>& graded);  // the results.json of Gradescope's autograders

}  // namespace seekling
