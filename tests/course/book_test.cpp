#include "course/book.h"

#include <set>

#include "core/check.h"
#include "course/check.h"
#include "refusal.h"
#include "system/file.h"
#include "system/scratch.h"

namespace seekling {

namespace fs = std::filesystem;

TEST(CourseBook, EveryProgrammedExerciseHasThreeHints) {
  Index exercises = 0;
  for (const Chapter& chapter : read_chapters(SEEKLING_ROOT))
    for (const ExerciseFile& file : chapter.files)
      for (const Body& body : file.bodies) {
        ++exercises;
        EXPECT_EQ(chapter.exercise(body.exercise).hints.size(), 3u) << body.exercise;
      }
  EXPECT_GE(exercises, 3);
}

TEST(CourseBook, AStarterIsNotAttemptedAndTheReferenceIs) {
  const Chapter chapter = read_chapter(SEEKLING_ROOT, 5);
  const ExerciseFile& rope = chapter.files.at(0);
  for (const Body& body : rope.bodies) {
    EXPECT_FALSE(attempted(rope.starter, body.exercise)) << body.exercise;
    EXPECT_TRUE(attempted(rope.reference, body.exercise)) << body.exercise;
  }
  EXPECT_EQ(rope.target, "course_05_rope");
}

TEST(CourseBook, AThrowThatIsLeftInACommentIsNoThrow) {
  const std::string line = "throw Error(\"exercise 5.1 is not yet attempted\");";
  EXPECT_FALSE(attempted("  " + line + "  // later\r\n", "5.1"));
  EXPECT_TRUE(attempted("  // " + line + "\n  return 1;\n", "5.1"));
  EXPECT_TRUE(attempted("  return 1;  // was: " + line + "\n", "5.1"));
  EXPECT_TRUE(attempted(line, "5.2"));
}

TEST(CourseBook, EveryExerciseHasThreeMistakesInItsBody) {
  for (const Chapter& chapter : read_chapters(SEEKLING_ROOT))
    for (const ExerciseFile& file : chapter.files)
      for (const auto& [number, task, begin, end] : file.bodies) {
        Index mistakes = 0;
        for (const Mistake& mistake : file.mistakes) {
          if (mistake.exercise != number) continue;
          ++mistakes;
          EXPECT_NE(with_mistake(file, mistake), file.reference) << mistake.name;
          EXPECT_NE(solution(file, number).find(mistake.find), std::string::npos)
              << number << " \"" << mistake.name << "\" replaces code outside the exercise";
        }
        EXPECT_GE(mistakes, 3) << number;
      }
}

TEST(CourseBook, AChapterHasTwoToFourExercises) {  // parts are counted with theirs
  for (const Chapter& chapter : read_chapters(SEEKLING_ROOT)) {
    std::set<std::string> numbers;
    for (const Exercise& exercise : chapter.exercises)
      numbers.insert(exercise.number.substr(0, exercise.number.find_first_of("abc")));
    EXPECT_GE(numbers.size(), 2u) << chapter.folder;
    EXPECT_LE(numbers.size(), 4u) << chapter.folder;
  }
}

TEST(CourseBook, AnExerciseMayHaveParts) {
  Chapter chapter;
  chapter.number = 5;
  chapter.exercises = {{"5.1", "", 1, {}}, {"5.2a", "", 1, {}}, {"5.2b", "", 1, {}}};
  EXPECT_EQ(chapter.parts("5.1"), std::vector<std::string>{"5.1"});
  EXPECT_EQ(chapter.parts("5.2"), (std::vector<std::string>{"5.2a", "5.2b"}));
  EXPECT_EQ(chapter.parts("5.2b"), std::vector<std::string>{"5.2b"});
  EXPECT_ERROR(chapter.parts("5.3"), "chapter 5 has no exercise 5.3; it has 5.1, 5.2a, 5.2b");
}

namespace {

ExerciseFile small() {
  ExerciseFile file;
  file.source = "ops/twice.cpp";
  file.reference = "int twice(int x) {\n  return 2 * x;\n}\nint last;\n";
  file.bodies = {{"1.1", "", 1, 2}};
  return file;
}

// A root with a chapter 7 that has these exercises, and these files in src/.
class SmallCourse : public testing::Test {
 protected:
  SmallCourse() {
    write("chapters/07-small/README.md", "# Chapter 7. Small\n");
    write("chapters/07-small/exercises/twice.mistakes.md", "");
    write("src/ops/twice.cpp", "int twice(int x) {\n  return 2 * x;\n}\n");
  }
  void write(const std::string& name, const std::string& contents) const {
    const fs::path path = root.path / name;
    fs::create_directories(path.parent_path());
    write_file(path, contents);
  }
  std::string page() const { return (root.path / "chapters/07-small/exercises.md").string(); }
  Chapter chapter(const std::string& exercises) const {
    write("chapters/07-small/exercises.md", exercises);
    return read_chapter(root.path, 7);
  }
  static std::string block(const std::string& source) {
    return "```cpp\n// src/" + source + "\nint twice(int x) {\n  // Twice.\n}\n```\n";
  }

  const Scratch root;
};

}  // namespace

TEST(CourseBook, TheSolutionIsTheBodyOfTheSource) {
  EXPECT_EQ(solution(small(), "1.1"), "  return 2 * x;\n");
}

TEST_F(SmallCourse, AStarterIsCutFromTheSource) {
  const Chapter small = chapter("## 7.1 Twice (1 point)\nFill it in.\n\n" + block("ops/twice.cpp"));
  EXPECT_EQ(small.files.at(0).source, "ops/twice.cpp");
  EXPECT_EQ(
      small.files.at(0).starter,
      "int twice(int x) {\n  // Exercise 7.1. Twice.\n"
      "  throw Error(\"exercise 7.1 is not yet attempted\");\n  // End of exercise 7.1.\n}\n");
  EXPECT_EQ(solution(small.files.at(0), "7.1"), "  return 2 * x;\n");
}

TEST_F(SmallCourse, AProgrammedExerciseHasOneBlockAndTheOthersHaveNone) {
  const auto fault = [&](const std::string& what, int found) {
    return text(page(), ": exercise 7.1 ", what,
                " block of code that begins with \"// src/directory/file.cpp\", found ", found);
  };
  const std::string b = block("ops/twice.cpp");
  EXPECT_ERROR(chapter("## 7.1 Twice (1 point)\n"), fault("has points; expected one", 0).c_str());
  EXPECT_ERROR(chapter("## 7.1 Twice (1 point)\n" + b + b),
               fault("has points; expected one", 2).c_str());
  EXPECT_ERROR(chapter("## 7.1 Twice (on paper)\n" + b),
               fault("is on paper; expected no", 1).c_str());
  EXPECT_ERROR(chapter("## 7.1 Twice\n" + b + "### 7.1a Once (1 point)\n" + b),
               fault("is in parts; expected no", 1).c_str());
}

TEST_F(SmallCourse, AFileIsThereAndItsNameIsUnique) {
  EXPECT_ERROR(chapter("## 7.1 Twice (1 point)\n" + block("ops/gone.cpp")),
               (page() + ": exercise 7.1 is in src/ops/gone.cpp, which does not exist").c_str());
  EXPECT_ERROR(chapter("## 7.1 Twice (1 point)\n" + block("ops/twice.cpp") +
                       "## 7.2 Twice (1 point)\n" + block("nn/twice.cpp")),
               (page() + ": found src/ops/twice.cpp and src/nn/twice.cpp, expected files of "
                         "different names")
                   .c_str());
}

TEST(CourseBook, AMistakeReplacesCodeThatIsThereOnce) {
  const Mistake mistake{"1.1", "thrice", "", "x", "y"};
  EXPECT_ERROR(with_mistake(small(), mistake),
               "src/ops/twice.cpp: the code that the mistake \"thrice\" replaces is there more "
               "than once, expected once");
}

TEST(CourseRecording, TheFirstDifferenceIsTold) {
  const Observations expected =
      parse_recording("exercise 5.1 on x [2]\ny[0] 1 1e-9\ny[1] 2 1e-9\nend\n");
  const Observations found =
      parse_recording("exercise 5.1 on x [2]\ny[0] 1.0000000001 1e-9\ny[1] nan 1e-9\nend\n");
  EXPECT_EQ(difference(expected.at("5.1"), expected.at("5.1")), std::nullopt);
  EXPECT_EQ(difference(expected.at("5.1"), found.at("5.1")),
            "y[1] is nan, expected 2 (1 of 2 values differ)");
}

TEST(CourseRecording, WhatIsThrownAndWhatIsMissingIsTold) {
  const Observed whole = parse_recording("exercise 5.1 on x\ny[0] 1 0\nend\n").at("5.1");
  const Observed threw = parse_recording("exercise 5.1 on x\nthrew what a pity\n").at("5.1");
  const Observed memory = parse_recording("exercise 5.1 on x\nthrew std::bad_alloc\n").at("5.1");
  const Observed more = parse_recording("exercise 5.1 on x\ny[0] 1 0\ny[1] 1 0\nend\n").at("5.1");
  EXPECT_EQ(difference(whole, threw), "it threw \"what a pity\"");
  EXPECT_EQ(difference(whole, memory), "it asked for more memory than is allowed");
  EXPECT_EQ(difference(whole, more), "found 2 values, expected 1");
  EXPECT_FALSE(parse_recording("exercise 5.1 on x\ny[0] 1 0\n").at("5.1").whole)
      << "it crashed on the way";
}

}  // namespace seekling
