#include "course/grade.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace seekling {

// Gradescope's autograder wants results.json: "score", or the tests' "score" and "max_score";
// "status" is passed or failed.
TEST(CourseGrade, IsAResultsJsonOfGradescope) {
  const std::vector<Graded> graded{{"5.1 The speeds", 1, 1, ""},
                                   {"5.2 The turn", 0, 2, "not yet attempted"}};
  EXPECT_EQ(gradescope(graded, "graded on 3 random inputs"), nlohmann::json::parse(R"({
    "score": 1,
    "output": "graded on 3 random inputs",
    "tests": [
      {"name": "5.1 The speeds", "score": 1, "max_score": 1, "status": "passed", "output": ""},
      {"name": "5.2 The turn", "score": 0, "max_score": 2, "status": "failed", "output": "not yet attempted"}]})"));
}

}  // namespace seekling
