#include "clean/best_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/rng.h"

namespace seekling {

using Lengths = std::vector<Index>;

TEST(BestFit, ADocumentGoesWhereTheLeastRoomIsEnough) {
  // Rows of 10: [6 4] [5 3 2] and not [6 3] [5 4] [2]
  EXPECT_EQ(best_fit_order(Lengths{5, 3, 6, 2, 4}, 10), (Lengths{2, 4, 0, 1, 3}));
  EXPECT_EQ(best_fit_order(Lengths{10, 1, 10}, 10), (Lengths{0, 2, 1}));
  EXPECT_EQ(best_fit_order(Lengths{}, 10), Lengths{});
}

TEST(BestFit, TheEndOfALongDocumentSharesItsLastRow) {
  // 25 ids in rows of 10: ids 0-9, 9-18, and 18-24, which leave room for 3.
  EXPECT_EQ(best_fit_order(Lengths{3, 4, 25}, 10), (Lengths{2, 0, 1}));
  EXPECT_EQ(best_fit_order(Lengths{4, 3, 19}, 10), (Lengths{2, 0, 1}));  // its last row is full
}

TEST(BestFit, EachDocumentIsInTheOrderOnce) {
  Rng rng(3);
  Lengths lengths(2000), all(2000);
  for (Index& n : lengths) n = 2 + rng.below(400);
  std::iota(all.begin(), all.end(), 0);
  Lengths order = best_fit_order(lengths, 257);
  std::ranges::sort(order);
  EXPECT_EQ(order, all);
}

}  // namespace seekling
