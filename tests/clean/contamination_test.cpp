#include "clean/contamination.h"

#include <gtest/gtest.h>

namespace seekling {

TEST(Contamination, TenSharedWordsAreFoundWhateverCaseBlanksAndLines) {
  EvaluationSet set;
  EXPECT_TRUE(set.add("Mina took the red lamp and ran to the old mill.", "q:1"));
  EXPECT_EQ(set.found_in("So MINA took\nthe red  lamp -- and ran to the old; mill"), "q:1");
  EXPECT_EQ(set.found_in("took the red lamp and ran to the old mill, they say"),
            "q:1");  // 10 of 11
  EXPECT_EQ(set.found_in("the red lamp and ran to the old mill, they say"), std::nullopt);  // 9
  EXPECT_EQ(set.found_in("Mina took the red lamp and walked to the old mill."), std::nullopt);
  EXPECT_EQ(set.found_in(""), std::nullopt);
}

TEST(Contamination, AShortQuestionIsFoundWhole) {
  EvaluationSet set;
  EXPECT_TRUE(set.add("Sum: 28 + 34", "q:1"));
  EXPECT_EQ(set.found_in("They asked: sum 28 34 = 62"), "q:1");
  EXPECT_EQ(set.found_in("Sum: 28"), std::nullopt);
  EXPECT_FALSE(set.add("28 + 34", "q:2"));
  EXPECT_EQ(set.found_in("28 + 34 = 62"), std::nullopt);
}

TEST(Contamination, AnEmptySetFindsNothing) {
  EXPECT_EQ(EvaluationSet().found_in("any text at all"), std::nullopt);
}

}  // namespace seekling
