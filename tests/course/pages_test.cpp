#include "course/pages.h"

#include "cli/program.h"

namespace seekling {

namespace {

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += sentence + "\n";
  return text;
}

class Pages : public ProgramTest {
 protected:
  fs::path page(const std::string& text) const {
    write_file(folder / "page.md", text);
    return folder / "page.md";
  }
  std::string said(const std::string& command) const {  // ./seekling ..., in this test's folder
    const std::string out = (folder / ".said").string();
    const std::string program = SEEKLING_PROGRAM + command.substr(std::string("./seekling").size());
    const int code =
        std::system(("cd '" + folder.string() + "' && " + program + " >" + out + " 2>&1").c_str());
    return read_file(out) + (code == 0 ? "" : "(it failed)\n");
  }
  std::string quotes(const std::string& text) const {
    return joined(faults_of_quotes(kRoot, page(text),
                                   [](const std::string&) { return "seven\neight\nnine 9\n"; }));
  }
};

}  // namespace

TEST_F(Pages, EveryLinkLeadsToAFileAndAHeading) {
  for (const fs::path& page : pages_of(kRoot)) EXPECT_EQ(joined(faults_of_links(page)), "");
}

TEST_F(Pages, EveryQuoteIsTrue) {
  for (const fs::path& page : pages_of(kRoot)) {
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry);
    EXPECT_EQ(joined(faults_of_quotes(
                  kRoot, page, [this](const std::string& command) { return said(command); })),
              "");
  }
}

TEST_F(Pages, MathematicsReadsTheSameOnGitHub) {
  for (const fs::path& page : pages_of(kRoot)) EXPECT_EQ(joined(faults_of_mathematics(page)), "");
}

// "at 100 words a minute, in steps of five minutes" and "15 minutes for each point
// and for each exercise on paper".
TEST_F(Pages, AChapterHasTheLengthThatTheMapSays) {
  const std::string map = read_file(kRoot / "chapters/README.md");
  for (const Chapter& chapter : read_chapters(kRoot)) {
    const Index words = words_of(kRoot / chapter.folder / "README.md");
    EXPECT_GE(words, 1500) << chapter.folder;
    EXPECT_LE(words, 3500) << chapter.folder;
    Index quarters = 0;
    for (const Exercise& exercise : chapter.exercises)
      quarters += std::max<Index>(exercise.points, 1);
    const std::string link = "(" + chapter.folder.filename().string() + "/README.md)";
    EXPECT_NE(
        map.find(text(link, " | ", (words + 250) / 500 * 5, " min | ", 15 * quarters, " min |")),
        std::string::npos)
        << link << " has " << words << " words and " << quarters
        << " points and exercises on paper";
  }
}

TEST_F(Pages, MathematicsThatGitHubSpoilsIsFound) {
  const fs::path p = page("$$a$$\n$b\\,c$ and `$d\\,e$`\n```math\nf\\,g\n```\n$h_i \\cdot j$\n");
  EXPECT_EQ(joined(faults_of_mathematics(p)),
            p.string() + ": mathematics between $$: $$a$$\n" + p.string() +
                ": $b\\,c$ has a backslash that GitHub takes away\n");
}

TEST_F(Pages, ALinkToNowhereIsFound) {
  const std::string p =
      page(
          "# A heading, *here*\n[a](#a-heading-here) [b](nowhere.md) `[c](x)`\n[d](page.md#gone)\n")
          .string();
  EXPECT_EQ(joined(faults_of_links(p)), p + ": the link nowhere.md leads to no file\n" + p +
                                            ": the link page.md#gone leads to no heading\n");
}

TEST_F(Pages, AQuoteIsARunOfLinesWithoutItsIndent) {
  const std::string begin = "<!-- from src/core/real.h -->\n```cpp\n";
  EXPECT_EQ(quotes(begin + "using real = double;\n#else\nusing real = float;\n```\n"), "");
  EXPECT_NE(quotes(begin + "using real = double;\nusing real = float;\n```\n"), "")
      << "a line is left out";
  EXPECT_NE(quotes(begin + "using real = long double;\n```\n"), "");
  EXPECT_NE(quotes("<!-- from src/core/gone.h -->\n```\nx\n```\n"), "");
  EXPECT_NE(quotes("<!-- form src/core/real.h -->\n```\nx\n```\n"), "")
      << "a word that says nothing";
}

TEST_F(Pages, AnOutputMayLeaveOutLinesAndWords) {
  const std::string begin = "<!-- output of ./seekling x -->\n```\n";
  EXPECT_EQ(quotes(begin + "seven\neight\nnine 9\n```\n"), "");
  EXPECT_EQ(quotes(begin + "...\nnine …\n```\n"), "");
  EXPECT_EQ(quotes(begin + "s…n\n...\n```\n"), "");
  EXPECT_NE(quotes(begin + "seven\nnine 9\n```\n"), "");
  EXPECT_NE(quotes(begin + "seven\neight\nnine …8\n```\n"), "");
}

}  // namespace seekling
