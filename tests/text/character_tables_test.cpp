#include "unicode/character_tables.h"

#include <gtest/gtest.h>

#include "text/regex_properties.h"

namespace seekling {

TEST(CharacterTables, EveryCodePointHasOneCategory) {
  char32_t next = 0;
  for (const auto& [name, range] : category_runs()) {
    EXPECT_EQ(name.size(), 2u);
    EXPECT_EQ(range.first, next);
    next = range.last + 1;
  }
  EXPECT_EQ(next, 0x110000u);
}

TEST(CharacterTables, AClassJoinsItsCategories) {
  using Ranges = std::vector<CharacterRange>;
  EXPECT_EQ(unicode_version(), "16.0.0");
  EXPECT_EQ(category("Zs").front(), (CharacterRange{' ', ' '}));
  EXPECT_EQ(category("L").at(0), (CharacterRange{'A', 'Z'}));
  EXPECT_EQ(category("Nd").at(0), (CharacterRange{'0', '9'}));
  EXPECT_EQ(category("Zl"), (Ranges{{0x2028, 0x2028}}));
  EXPECT_TRUE(category("Han").empty());
  EXPECT_EQ(class_of_category("Han", false), "");
}

TEST(CharacterTables, CombiningClassesAreThoseOfTheStandard) {
  EXPECT_EQ(combining_class('a'), 0);
  EXPECT_EQ(combining_class(0x301), 230);
  EXPECT_EQ(combining_class(0x327), 202);
  EXPECT_EQ(combining_class(0x1E94A), 7);
  EXPECT_EQ(combining_class(0x10FFFF), 0);
}

}  // namespace seekling
