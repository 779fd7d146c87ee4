// The machine from end to end, as a reader uses it, on chapter 5.
#include "cli/program.h"

namespace seekling {

namespace {

const fs::path kRoot = SEEKLING_ROOT;

class Course : public ProgramTest {
 protected:
  Course() { setenv("OMP_NUM_THREADS", "2", 1); }
  fs::path mine() const { return folder / "my/05/ops/rope.cpp"; }
  Ran course(Words words) const {
    words.insert(words.end(), {"--my", (folder / "my").string()});
    return run(words);
  }
  std::string reference() const { return read_file(kRoot / "src/ops/rope.cpp"); }
  void write(std::string text, const std::string& find = "", const std::string& replace = "") const {
    const std::size_t at = text.find(find);
    ASSERT_NE(at, text.npos) << find;
    write_file(mine(), text.replace(at, find.size(), replace));
  }
};

}  // namespace

TEST_F(Course, AReaderGoesFromStartToSolution) {
  ASSERT_EQ(course({"start", "5"}).exit, 0);
  const Ran untouched = course({"check", "5", "--seed", "1"});
  EXPECT_EQ(untouched.exit, 1);
  EXPECT_NE(untouched.out.find("5.2  The turn: not yet attempted"), std::string::npos) << untouched.out;
  EXPECT_EQ(course({"solution", "5.2"}).exit, 1) << "before it has passed";
  EXPECT_NE(course({"start", "5"}).out.find("was left alone"), std::string::npos);

  write(reference(), "double(start + t)", "double(t)");
  const Ran wrong = course({"check", "5", "--seed", "1"});
  EXPECT_EQ(wrong.exit, 1);
  EXPECT_NE(wrong.out.find("a known mistake: The start is forgotten"), std::string::npos) << wrong.out;
  EXPECT_NE(wrong.out.find("reread chapters/05-rope/README.md#what-a-position-is"), std::string::npos);
  EXPECT_NE(wrong.out.find("5.1  The speeds: right"), std::string::npos);

  write(reference());
  const Ran right = course({"check", "5"});
  EXPECT_EQ(right.exit, 0) << right.out << right.err;
  EXPECT_NE(course({"solution", "5.2"}).out.find("std::cos(angle)"), std::string::npos);

  const Ran graded = run({"grade", (folder / "my").string(), "--json"});
  EXPECT_NE(graded.out.find("\"score\": 4"), std::string::npos) << graded.out;
}

TEST_F(Course, WhatGoesWrongIsSaidInASentence) {
  ASSERT_EQ(course({"start", "5"}).exit, 0);
  write(reference(), "const Index pairs", "const Indx pairs");
  Ran ran = course({"check", "5"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_NE(ran.out.find("rope.cpp does not compile:"), std::string::npos) << ran.out;

  write(reference(), "const Tensor y = Tensor::like(x);",
        "for (volatile int i = 0; i == 0;) continue;\n  const Tensor y = Tensor::like(x);");
  ran = course({"check", "5", "--seconds", "2", "--rounds", "1"});
  EXPECT_NE(ran.out.find("was still running after 2 seconds and was stopped"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("5.3  The gradient: open"), std::string::npos) << ran.out;

  write(reference(), "const Tensor y = Tensor::like(x);",
        "std::puts(\"junk\");\n  const Tensor y = Tensor::zeros({Index(1) << 40});");
  ran = course({"check", "5", "--rounds", "1"});
  EXPECT_NE(ran.out.find("it asked for more memory than it may have"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("it also printed"), std::string::npos) << ran.out;
}

TEST_F(Course, WordsThatItDoesNotKnowAreUsageErrors) {
  expect_refused({"check"}, 2, "the chapter's number is missing; for example: ./seekling check 5");
  expect_refused({"hint", "five"}, 2, "found \"five\", expected the number of an exercise, like 5.1");
  expect_refused({"hint", "5.9"}, 1, "chapter 5 has no exercise 5.9; it has 5.1, 5.2, 5.3, 5.4");
  EXPECT_NE(run({"start", "99"}).err.find("chapter 99 is not written; those that are: "), std::string::npos);
}

TEST_F(Course, HintsHaveThreeLevels) {
  const std::string first = out_of({"hint", "5.2"}), third = out_of({"hint", "5.2", "--level", "3"});
  EXPECT_NE(first, "");
  EXPECT_NE(first, third);
  expect_refused({"hint", "5.2", "--level", "4"}, 2, "--level: found 4, expected 1 to 3");
}

}  // namespace seekling
