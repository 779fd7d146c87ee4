#include "course/starter.h"

#include "refusal.h"

namespace seekling {

namespace {

const std::string kSource =
    "int twice(int x,\n"
    "          int y) {  // a comment\n"
    "  x += y;\n"
    "\n"
    "  if (x)\n"
    "    return 2 * x;\n"
    "\n"
    "  return 0;\n"
    "}\n"
    "\n"
    "int thrice(int x) {\n"
    "  x += y;\n"
    "}\n"
    "\n"
    "int none() {\n"
    "}\n";

std::vector<Task> tasks(const Lines& block, const std::string& exercise = "1.1") {
  Section section{exercise, "", {"Fill it in.", "", "```cpp", "// src/ops/twice.cpp"}};
  section.lines.insert(section.lines.end(), block.begin(), block.end());
  return tasks_of(section, "exercises.md");
}

std::vector<Body> bodies(const Lines& block) {
  Lines closed = block;
  closed.push_back("```");
  return bodies_of(tasks(closed), lines_of(kSource), "exercises.md");
}

std::string fault(const std::string& sentence) {
  return "exercises.md: exercise 1.1 in src/ops/twice.cpp: " + sentence;
}

}  // namespace

#define EXPECT_FAULT(statement, sentence) EXPECT_ERROR(statement, fault(sentence).c_str())

TEST(CourseStarter, ABodyEndsBeforeTheFirstLineThatIsIndentedLess) {
  const std::vector<Body> found =
      bodies({"int twice(int x, int y) {", "  x += y;", "  // Return", "  // twice.", "}"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].begin, 4u);
  EXPECT_EQ(found[0].end, 8u);
  EXPECT_EQ(found[0].task, "Return twice.");
}

TEST(CourseStarter, LineBreaksSpacesAndCommentsOfTheLinesBeforeDoNotCount) {
  const std::vector<Body> found = bodies(
      {"  int twice(int x,int y)  // another comment", "  {", "    // Add, and return.", "  }"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].begin, 2u);
}

TEST(CourseStarter, LinesMayEndAsOnWindows) {
  EXPECT_EQ(lines_of("a\r\n\r\nb"), (Lines{"a", "", "b"}));
}

TEST(CourseStarter, TheTaskIsWrappedAt100Characters) {
  std::string words;
  for (int i = 0; i < 20; ++i) words += " θθθθθθθθ";  // 8 characters, 16 bytes
  const std::vector<Body> found = bodies({"int thrice(int x) {", "  //" + words, "}"});
  const std::string starter = starter_of(lines_of(kSource), found);
  const Lines lines = lines_of(starter.substr(starter.find("  // Exercise")));
  const std::string theta = " θθθθθθθθ";
  std::string first = "  // Exercise 1.1.", second = "  //", third = "  //";
  for (int i = 0; i < 9; ++i) first += theta;    // 18 + 9 * 9 = 99
  for (int i = 0; i < 10; ++i) second += theta;  // 4 + 10 * 9 = 94
  EXPECT_EQ(lines[0], first);
  EXPECT_EQ(lines[1], second);
  EXPECT_EQ(lines[2], third + theta);
  EXPECT_EQ(lines[3], "  throw Error(\"exercise 1.1 is not yet attempted\");");
  EXPECT_EQ(lines[4], "  // End of exercise 1.1.");
  EXPECT_EQ(lines[5], "}");
}

TEST(CourseStarter, WithoutABodyTheSourceIsTheStarter) {
  EXPECT_EQ(starter_of(lines_of(kSource), {}), kSource);
}

TEST(CourseStarter, ABlockThatIsIncompleteIsRefused) {
  EXPECT_FAULT(tasks({"int thrice(int x) {", "  // Add.", "}"}),
               "the block has no last line \"```\"");
  EXPECT_FAULT(tasks({"int thrice(int x) {", "}", "```"}),
               "the block has no comment in the body's place, expected the task");
  EXPECT_FAULT(tasks({"  // Add.", "}", "```"}),
               "the block shows no line before the comment, expected a line that occurs once");
  EXPECT_FAULT(tasks({"int thrice(int x) {", "  // Add.", "```"}),
               "the block shows no line after the comment, expected the line after the body");
  EXPECT_FAULT(tasks({"int thrice(int x) {", "  // Add.", "}", "// More.", "```"}),
               "found a second comment, \"// More.\", expected one");
}

TEST(CourseStarter, ABlockThatDoesNotFitTheSourceIsRefused) {
  EXPECT_FAULT(bodies({"int fourfold(int x) {", "  // Add.", "}"}),
               "found no line \"int fourfold(int x) {\", expected it before the body");
  EXPECT_FAULT(bodies({"int thrice(int x) {", "  return 0;", "  // Add.", "}"}),
               "the lines before the comment are there, but not one after the other");
  EXPECT_FAULT(
      bodies({"x += y;", "// Add.", "}"}),
      "found \"x += y;\" 2 times, expected it once; show more of the lines before the body");
  EXPECT_FAULT(bodies({"int none() {", "  // Add.", "}"}),
               "found nothing between \"int none() {\" and \"}\", expected a body");
  EXPECT_FAULT(bodies({"int thrice(int x) {", "  // Add.", "});"}),
               "the line after the body is \"}\", expected \"});\"");
}

TEST(CourseStarter, BodiesThatOverlapAreRefused) {
  const std::vector<Task> both = [] {
    std::vector<Task> list = tasks({"int twice(int x, int y) {", "  // Add.", "}", "```"}, "1.1");
    const std::vector<Task> inner = tasks({"if (x)", "  // Return.", "return 0;", "```"}, "1.2");
    list.insert(list.end(), inner.begin(), inner.end());
    return list;
  }();
  EXPECT_ERROR(
      bodies_of(both, lines_of(kSource), "exercises.md"),
      "exercises.md: exercise 1.2 in src/ops/twice.cpp: its place overlaps the body of 1.1, "
      "expected it outside");
}

}  // namespace seekling
