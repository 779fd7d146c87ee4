#include "train/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/check.h"

namespace seekling {

namespace {

std::string refusal(const TrainSettings& settings) {
  try {
    check_settings(settings);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

TEST(TrainSettings, EveryMemberHasARow) {
  TrainSettings settings;
  const auto* begin = reinterpret_cast<const char*>(&settings);
  std::vector<char> covered(sizeof settings, 0);
  for_each_setting(settings, [&](const Setting&, const auto& value) {
    const auto at = reinterpret_cast<const char*>(&value) - begin;
    std::fill_n(covered.begin() + at, sizeof value, char(1));
  });
  std::size_t gap = 0, largest_gap = 0;  // bytes of no row: only the padding after bools
  for (const char c : covered) largest_gap = std::max(largest_gap, gap = c ? 0 : gap + 1);
  EXPECT_LT(largest_gap, alignof(TrainSettings));
}

TEST(TrainSettings, EveryRowHasAKeyAndAHelpTextOfItsOwn) {
  std::set<std::string> keys, helps;
  std::size_t rows = 0;
  for (const SettingGroup& group : setting_groups())
    for (const Setting& row : group.rows) ++rows, keys.insert(row.key), helps.insert(row.help);
  EXPECT_EQ(keys.size(), rows);
  EXPECT_EQ(helps.size(), rows);
  EXPECT_FALSE(helps.contains(""));
}

TEST(TrainSettings, TheDefaultsAreAccepted) { EXPECT_EQ(refusal({}), ""); }

TEST(TrainSettings, NamesTheFlagTheValueAndWhatIsAccepted) {
  EXPECT_EQ(refusal({.batch_size = 0}), "--batch-size: found 0, expected at least 1");
  EXPECT_EQ(refusal({.dtype = "fp8"}),
            "--dtype: found fp8, expected fp32, bf16, or, with --device cuda, tf32");
  EXPECT_EQ(refusal({.lr = -1}), "--lr: found -1, expected at least 0");
  EXPECT_EQ(refusal({.schedule = "linear"}),
            "--schedule: found linear, expected step, cosine or constant");
  EXPECT_EQ(refusal({.drop_at = {0.6, 90}}),
            "--drop-at: found 0.6,90, expected a fraction, 0 to 1");
  EXPECT_EQ(refusal({.beta2 = 1}), "--beta2: found 1, expected a number in [0, 1)");
  EXPECT_EQ(refusal({.eps = 0}), "--eps: found 0, expected a number above 0");
  EXPECT_EQ(refusal({.moments = "tf32"}), "--moments: found tf32, expected fp32 or bf16");
  EXPECT_EQ(refusal({.mtp_late_at = -0.1}),
            "--mtp-late-at: found -0.1, expected a fraction, 0 to 1");
}

TEST(TrainSettings, TheDefaultRateFallsWithTheWidthBeyond128) {
  EXPECT_EQ(default_settings(64).lr, 3e-3);
  EXPECT_EQ(default_settings(128).lr, 3e-3);
  EXPECT_EQ(default_settings(512).lr, 3e-3 * 0.25);
}

}  // namespace seekling
