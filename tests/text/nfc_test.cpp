#include "text/nfc.h"

#include <gtest/gtest.h>

namespace seekling {

TEST(Nfc, ComposesLettersMarksAndHangul) {
  EXPECT_EQ(nfc("plain \u00e9"), "plain \u00e9");
  EXPECT_EQ(nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(nfc("e\u0302\u0301"), "\u1ebf");         // by way of \u00ea
  EXPECT_EQ(nfc("a\u0301\u0323"), "\u1ea1\u0301");   // the lower mark comes first
  EXPECT_EQ(nfc("a\u0301\u0301"), "\u00e1\u0301");   // one of a class joins
  EXPECT_EQ(nfc("\u1100\u1161\u11a8"), "\uac01");    // Hangul
  EXPECT_EQ(nfc("\u212b \uf900"), "\u00c5 \u8c48");  // singletons
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093c");          // excluded from composition
  EXPECT_EQ(nfc("\xff"
                "e\u0301\xc3"),
            "\xff\u00e9\xc3");  // malformed bytes stay
}

}  // namespace seekling
