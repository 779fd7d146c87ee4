#include "repeats/repeated_lines.h"

#include "scratch_test.h"

namespace seekling {

using Texts = std::vector<std::string>;

class RepeatedLinesTest : public ScratchTest {
 protected:
  Texts without(const Texts& texts, Index least) {
    RepeatedLines lines(least, 1, dir);
    for (const std::string& text : texts) lines.add(text);
    lines.sort();
    Texts rest;
    removed.clear();
    for (const std::string& text : texts) {
      Index n = 0;
      rest.push_back(lines.without(text, n));
      removed.push_back(n);
    }
    return rest;
  }

  std::vector<Index> removed;
};

TEST_F(RepeatedLinesTest, TheFirstOfEqualLinesStays) {
  EXPECT_EQ(without({"Home | About\nA\n", "B\n Home |  About \nB2", "Home | About"}, 5),
            (Texts{"Home | About\nA\n", "B\nB2", ""}));
  EXPECT_EQ(removed, (std::vector<Index>{0, 1, 1}));
}

TEST_F(RepeatedLinesTest, AlsoWithinADocument) {
  EXPECT_EQ(without({"a line\nanother\na line\n"}, 5), Texts{"a line\nanother\n"});
}

TEST_F(RepeatedLinesTest, ShortLinesStay) {
  const Texts code{"if (a) {\n}\n", "if (b) {\n}\n", "}\n"};
  EXPECT_EQ(without(code, 2), code);
  EXPECT_EQ(without(code, 1), (Texts{"if (a) {\n}\n", "if (b) {\n", ""}));
  EXPECT_EQ(without({"四文字だ\n", "四文字だ\n"}, 5), (Texts{"四文字だ\n", "四文字だ\n"}));
}

}  // namespace seekling
