// The machine from end to end, as a reader uses it, on chapter 5.
#include <chrono>
#include <thread>

#include "cli/program.h"
#include "course/pages.h"

namespace seekling {

namespace {

class Course : public ProgramTest {
 protected:
  Course() { setenv("OMP_NUM_THREADS", "2", 1); }
  fs::path mine() const { return folder / "my/05/attention/rope.cpp"; }
  Ran course(Words words) const {
    words.insert(words.end(), {"--my", (folder / "my").string()});
    return run(words);
  }
  std::string reference() const { return read_file(kRoot / "src/attention/rope.cpp"); }
  bool comes(const Started& program, const std::string& words, int times) const {  // in 2 minutes
    for (int tenths = 0; tenths < 1200; ++tenths) {
      const std::string said = program.said_so_far();
      int found = 0;
      for (std::size_t at = said.find(words); at != said.npos; at = said.find(words, at + 1))
        ++found;
      if (found >= times) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  void write(std::string text, const std::string& find = "",
             const std::string& replace = "") const {
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
  EXPECT_NE(untouched.out.find("5.2  The turn: not yet attempted"), std::string::npos)
      << untouched.out;
  EXPECT_EQ(course({"solution", "5.2"}).exit, 1) << "before it has passed";
  EXPECT_NE(course({"start", "5"}).out.find("was left unchanged"), std::string::npos);

  write(reference(), "double(start + t)", "double(t)");
  const Ran wrong = course({"check", "5", "--seed", "1"});
  EXPECT_EQ(wrong.exit, 1);
  EXPECT_NE(wrong.out.find("a known mistake: The start is forgotten"), std::string::npos)
      << wrong.out;
  EXPECT_NE(wrong.out.find("reread chapters/05-rope/README.md#what-a-position-is"),
            std::string::npos);
  EXPECT_NE(wrong.out.find("5.1  The speeds: right"), std::string::npos);

  // As an editor on Windows leaves it, with the starter's line in a comment.
  std::string saved = "\xEF\xBB\xBF// throw Error(\"exercise 5.2 is not yet attempted\");\r\n";
  for (const char c : reference()) saved += c == '\n' ? "\r\n" : std::string(1, c);
  write(saved);
  const Ran right = course({"check", "5"});
  EXPECT_EQ(right.exit, 0) << right.out << right.err;
  EXPECT_NE(course({"solution", "5.2"}).out.find("std::cos(angle)"), std::string::npos);

  const Ran graded = run({"grade", (folder / "my").string(), "--json"});
  EXPECT_NE(graded.out.find("\"score\": 4"), std::string::npos) << graded.out;
}

TEST_F(Course, WatchingChecksAtEachSaveUntilAllIsRight) {
  ASSERT_EQ(course({"start", "5"}).exit, 0);
  Started watching(folder,
                   {"check", "5", "--watch", "--seed", "1", "--my", (folder / "my").string()});
  ASSERT_TRUE(comes(watching, "waiting for you to save a file; Ctrl-C ends", 1))
      << watching.said_so_far();
  EXPECT_NE(watching.said_so_far().find("5.2  The turn: not yet attempted"), std::string::npos);
  EXPECT_TRUE(watching.running());

  write(reference(), "double(start + t)", "double(t)");
  ASSERT_TRUE(comes(watching, "waiting for you to save a file; Ctrl-C ends", 2))
      << watching.said_so_far();
  EXPECT_NE(watching.said_so_far().find("a known mistake: The start is forgotten"),
            std::string::npos);

  write(reference());
  ASSERT_TRUE(comes(watching, "all of chapter 5 is right", 1)) << watching.said_so_far();
  EXPECT_EQ(watching.wait().exit, 0);
}

TEST_F(Course, TheReadersFileTrains) {
  const std::string mine = "--mine=" + (folder / "my").string();
  ASSERT_EQ(course({"start", "5"}).exit, 0);
  const Ran nothing = run(small_run("ours", {"--steps", "2", mine}));
  EXPECT_EQ(nothing.exit, 2);
  EXPECT_NE(nothing.err.find("is left out: its exercise 5.3 is not yet attempted"),
            std::string::npos)
      << nothing.err;
  EXPECT_NE(nothing.err.find("has no finished file; begin one with ./seekling start 5"),
            std::string::npos);

  const auto weights = [&](const std::string& name, const Words& more) {
    const Ran ran = run(small_run(name, more));
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return read_file(folder / name / "model.safetensors");
  };
  const std::string ours = weights("ours", {"--steps", "2"});
  write(reference());
  EXPECT_EQ(weights("same", {"--steps", "2", mine}), ours);
  write(reference(), "sign * rotary.factor", "-sign * rotary.factor");
  EXPECT_NE(weights("backwards", {"--steps", "2", mine}), ours);
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
  EXPECT_NE(ran.out.find("was still running after 2 seconds and was stopped"), std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("5.3  The gradient: open"), std::string::npos) << ran.out;

  write_file(mine(), "");
  ran = course({"check", "5", "--rounds", "1"});
  EXPECT_NE(ran.out.find("rope.cpp lacks seekling::cpu::turn("), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("./seekling start 5 --again gives you a new one"), std::string::npos)
      << ran.out;

  write(reference(), "const Tensor y = Tensor::like(x);",
        "const auto f = [](volatile int n) { return n; };\n  const Tensor y = "
        "Tensor::zeros(x.shape());\n  f(0);");
  ran = course({"check", "5", "--rounds", "1"});
  EXPECT_EQ(ran.exit, 0) << "a warning is no error\n" << ran.out;

  write(reference(), "const Tensor y = Tensor::like(x);",
        "std::exit(0);\n  const Tensor y = Tensor::like(x);");
  ran = course({"check", "5", "--rounds", "1"});
  EXPECT_NE(ran.out.find("the program ended early"), std::string::npos) << ran.out;
}

TEST_F(Course, ACrashAndTooMuchMemoryAreNamed) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers end the program themselves, and memory has no limit under them";
#endif
  ASSERT_EQ(course({"start", "5"}).exit, 0);
  write(reference(), "const Tensor y = Tensor::like(x);", "const Tensor y;");
  Ran ran = course({"check", "5", "--rounds", "1"});
  EXPECT_NE(ran.out.find("the program crashed (segmentation fault)"), std::string::npos) << ran.out;

  write(reference(), "const Tensor y = Tensor::like(x);",
        "std::puts(\"junk\");\n  const Tensor y = Tensor::zeros({Index(1) << 40});");
  ran = course({"check", "5", "--rounds", "1"});
  EXPECT_NE(ran.out.find("it asked for more memory than is allowed"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("it also printed"), std::string::npos) << ran.out;
}

TEST_F(Course, AClassIsGradedWhateverItsFolderIsCalled) {
  const fs::path folder_of_one = folder / "it's \"one\" \\ of\n2", file = "05/attention/rope.cpp";
  const auto grade = [&] {
    const Ran ran = run({"grade", folder_of_one.string(), "--rounds", "1", "--json"});
    return ran.out + ran.err;
  };
  fs::create_directories((folder_of_one / file).parent_path());
  write_file(folder_of_one / file, reference());
  const std::string right = grade();
  EXPECT_NE(right.find("\"score\": 4"), std::string::npos) << right;

  // Numbers that are right, and tests that never run
  write_file(folder_of_one / file, reference() + R"(
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
static const bool kEarly = [] {
  std::ifstream in("/proc/self/cmdline");
  const std::string words{std::istreambuf_iterator<char>(in), {}};
  if (words.find("gtest_brief") != words.npos) std::_Exit(0);
  return true;
}();
)");
  const std::string early = grade();
  EXPECT_NE(early.find("the program ended before all of its "), std::string::npos) << early;
  EXPECT_NE(early.find("\"score\": 0,\n  \"tests\""), std::string::npos) << early;

  write_file(folder_of_one / "other.cpp", reference());
  fs::remove(folder_of_one / file);
  fs::create_symlink(folder_of_one / "other.cpp", folder_of_one / file);
  EXPECT_NE(grade().find("is reached through a link, and links are not followed"),
            std::string::npos);
}

TEST_F(Course, WordsThatItDoesNotKnowAreUsageErrors) {
  expect_refused({"check"}, 2, "the chapter's number is missing; for example: ./seekling check 5");
  expect_refused({"hint", "five"}, 2,
                 "found \"five\", expected the number of an exercise, like 5.1");
  expect_refused({"hint", "5.9"}, 1, "chapter 5 has no exercise 5.9; it has 5.1, 5.2, 5.3, 5.4");
  EXPECT_NE(run({"start", "99"}).err.find("chapter 99 is not written yet; the chapters are: "),
            std::string::npos);
}

TEST_F(Course, ADemoPrintsItsOutputAndNothingElse) {
  const Ran demo = run({"demo", "5"});
  EXPECT_EQ(demo.exit, 0);
  EXPECT_EQ(demo.out, read_file(kRoot / "chapters/05-rope/demo.txt"));
  EXPECT_EQ(demo.err, "");
  expect_refused({"demo"}, 2, "the chapter's number is missing; for example: ./seekling demo 5");
  expect_refused({"demo", "five"}, 2, "found \"five\", expected the number of a chapter, like 5");
  expect_refused({"demo", "5", "--mine"}, 2,
                 "--mine: a demo is a separate program and always uses the library's files");
  EXPECT_NE(run({"demo", "99"}).err.find("chapter 99 is not written yet; the chapters are: "),
            std::string::npos);
}

TEST_F(Course, HintsHaveThreeLevels) {
  const std::string first = out_of({"hint", "5.2"}),
                    third = out_of({"hint", "5.2", "--level", "3"});
  EXPECT_NE(first, "");
  EXPECT_NE(first, third);
  expect_refused({"hint", "5.2", "--level", "4"}, 2, "--level: found 4, expected 1 to 3");
}

}  // namespace seekling
