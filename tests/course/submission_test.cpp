#include "course/submission.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/check.h"
#include "system/file.h"
#include "system/scratch.h"

namespace seekling {

namespace fs = std::filesystem;

TEST(CourseSubmission, IncludesOfTheProjectAndTheCompilerAreFine) {
  for (const char* line :
       {"#include <vector>", "#include \"attention/rope.h\"", "  #  include <sys/types.h>",
        "#/**/include <vector>", "#pragma once", "#define N 3", "int plasma = 1;",
        "#include \"core/check.h\"  // /etc/passwd"})
    EXPECT_EQ(line_that_reads_outside(line), "") << line;
}

TEST(CourseSubmission, IncludesOfOtherFilesAreFoundHoweverTheyAreWritten) {
  for (const char* line : {"#include \"/etc/passwd\"",
                           "#include </etc/passwd>",
                           "#include \"../../other/rope.cpp\"",
                           "  #\tinclude  \"/etc/passwd\"",
                           "#include FILE",
                           "#/**/include \"/etc/passwd\"",
                           "#inc\\\nlude \"/etc/passwd\"",
                           "#inc\\  \nlude \"/etc/passwd\"",
                           "%:include \"/etc/passwd\"",
                           "\?\?=include \"/etc/passwd\"",
                           "#import \"/etc/passwd\"",
                           "#include_next \"/etc/passwd\"",
                           "#embed \"/etc/passwd\"",
                           "#pragma GCC dependency \"/etc/passwd\"",
                           "asm(\".incbin \\\"/etc/passwd\\\"\");",
                           "__asm__ (\"\");",
                           "#include \"\\x2fetc/passwd\"",
                           "_Pragma(\"GCC dependency \\\"x\\\"\")",
                           "#if __has_include(\"/etc/passwd\")",
                           "#define JOIN(a, b) a##b",
                           "extern \"C\" int __REDIRECT(f, (void), x; .incbin \"/etc/passwd\");",
                           "[[gnu::section(\".data\\n.incbin \\\"/etc/passwd\\\"\")]] int z;",
                           "__attribute__((section(\"x\"))) int z;"})
    EXPECT_NE(line_that_reads_outside(std::string("int x;\n") + line + "\nint y;\n"), "") << line;
}

TEST(CourseSubmission, NoCommentAndNoStringHidesAnInclude) {
  for (const char* source :
       {"const char* a = \"/*\";\n#include \"/etc/passwd\"\nconst char* b = \"*/\";",
        "const char* a = \"/*\";\n/**/ #include \"/etc/passwd\"\nconst char* b = \"*/\";",
        "int a = '\"';\n#include \"/etc/passwd\"\nint b = '\"';", "// #include \"/etc/passwd\"",
        "/* a\n# /* b\n*/ include \"/etc/passwd\""})
    EXPECT_NE(line_that_reads_outside(source), "") << source;
}

TEST(CourseSubmission, IsNotReadThroughALink) {
  const Scratch scratch;
  const fs::path other = scratch.path / "other", mine = scratch.path / "mine";
  fs::create_directories(other / "05/attention");
  fs::create_directories(mine / "06");
  write_file(other / "05/attention/rope.cpp", "int x;\n");
  fs::create_symlink(other / "05", mine / "05");
  fs::create_symlink(other / "05/attention", mine / "06/attention");
  EXPECT_EQ(refused(other, "05/attention/rope.cpp"), "");
  for (const char* file : {"05/attention/rope.cpp", "06/attention/rope.cpp"})
    EXPECT_EQ(refused(mine, file), "is reached through a link, and links are not followed");
  EXPECT_EQ(refused(mine, "07/none.cpp"), "does not exist");
  write_file(mine / "06/large.cpp", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(refused(mine, "06/large.cpp"), "has 1048577 bytes, expected at most 1048576");
  write_file(mine / "06/include.cpp", "#include \"/etc/passwd\"\n");
  EXPECT_EQ(refused(mine, "06/include.cpp"),
            "is not compiled: a file outside the project may be read by the line #include "
            "\"/etc/passwd\"");
}

TEST(CourseSubmission, ItsWordsArePrintableAndBounded) {
  EXPECT_EQ(printable("θ_j = 1\nおはよう"), "θ_j = 1\nおはよう");
  EXPECT_EQ(printable("\x1b[2J\r\x07\x7f"), "?[2J???");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m"),
            "a?31m");  // CSI in one character
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "abc\xE2\x81\xA6"),
            "?abc?");  // right to left
  EXPECT_EQ(printable("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(printable(std::string(5000, 'x')), std::string(4000, 'x') + "... 1000 more bytes");
}

}  // namespace seekling
