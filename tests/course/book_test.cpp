#include <set>

#include "cli/course_book.h"
#include "cli/course_check.h"
#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

TEST(CourseBook, EveryStarterIsItsFileWithBodiesTakenOut) {
  Index exercises = 0;
  for (const Chapter& chapter : read_chapters(SEEKLING_ROOT))
    for (const ExerciseFile& file : chapter.files)
      for (const std::string& number : file.exercises) {
        ++exercises;
        EXPECT_NE(solution(file, number), "") << number;
        EXPECT_FALSE(attempted(file.starter, number)) << number;
        EXPECT_TRUE(attempted(file.reference, number)) << number;
        EXPECT_EQ(chapter.exercise(number).hints.size(), 3u) << number;
        EXPECT_GT(chapter.exercise(number).points, 0) << number;
      }
  EXPECT_GE(exercises, 3);
}

TEST(CourseBook, EveryExerciseHasThreeMistakesInItsBody) {
  for (const Chapter& chapter : read_chapters(SEEKLING_ROOT))
    for (const ExerciseFile& file : chapter.files)
      for (const std::string& number : file.exercises) {
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
  file.starter = "int twice(int x) {\n  // Exercise 1.1. Twice.\n  throw 1;\n  // End of exercise 1.1.\n}\nint last;\n";
  return file;
}

}  // namespace

TEST(CourseBook, TheSolutionStandsBetweenTheSameNeighbours) {
  EXPECT_EQ(solution(small(), "1.1"), "  return 2 * x;\n");
}

TEST(CourseBook, AStarterThatDriftsIsFound) {
  ExerciseFile file = small();
  file.reference = "int twice(int x) {\n  return 2 * x;\n}\nlong last;\n";
  EXPECT_ERROR(
      solution(file, "1.1"),
      "the starter of ops/twice.cpp is not src/ops/twice.cpp with bodies taken out: src/ has no line \"int last;\"");
  file = small();
  file.reference = "// new\n" + file.reference;
  EXPECT_THROW(solution(file, "1.1"), Error);
}

TEST(CourseBook, AMistakeReplacesCodeThatIsThereOnce) {
  const Mistake mistake{"1.1", "thrice", "", "x", "y"};
  EXPECT_ERROR(
      with_mistake(small(), mistake),
      "src/ops/twice.cpp: the code that the mistake \"thrice\" replaces is there more than once, expected once");
}

TEST(CourseSights, TheFirstDifferenceIsTold) {
  const Sights expected = parse_sights("exercise 5.1 on x [2]\ny[0] 1 1e-9\ny[1] 2 1e-9\nend\n");
  const Sights found = parse_sights("exercise 5.1 on x [2]\ny[0] 1.0000000001 1e-9\ny[1] nan 1e-9\nend\n");
  EXPECT_EQ(difference(expected.at("5.1"), expected.at("5.1")), std::nullopt);
  EXPECT_EQ(difference(expected.at("5.1"), found.at("5.1")), "y[1] is nan, expected 2 (1 of 2 numbers differ)");
}

TEST(CourseSights, WhatIsThrownAndWhatIsMissingIsTold) {
  const Sight whole = parse_sights("exercise 5.1 on x\ny[0] 1 0\nend\n").at("5.1");
  const Sight threw = parse_sights("exercise 5.1 on x\nthrew what a pity\n").at("5.1");
  const Sight memory = parse_sights("exercise 5.1 on x\nthrew std::bad_alloc\n").at("5.1");
  const Sight more = parse_sights("exercise 5.1 on x\ny[0] 1 0\ny[1] 1 0\nend\n").at("5.1");
  EXPECT_EQ(difference(whole, threw), "it threw \"what a pity\"");
  EXPECT_EQ(difference(whole, memory), "it asked for more memory than it may have");
  EXPECT_EQ(difference(whole, more), "found 2 numbers, expected 1");
  EXPECT_FALSE(parse_sights("exercise 5.1 on x\ny[0] 1 0\n").at("5.1").whole) << "it crashed on the way";
}

}  // namespace seekling
