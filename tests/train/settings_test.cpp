#include "train/settings.h"

#include <gtest/gtest.h>

#include "core/check.h"

namespace seekling {

TEST(TrainerState, ReadsWhatItWrote) {
  TrainerState state;
  state.step = 37, state.tokens = 123456789012, state.data = {"a.txt", "b"};
  state.tokenizer_fingerprint = 0xFEDCBA9876543210;
  state.settings.lr = 0.1 + 0.2, state.settings.schedule = "cosine", state.settings.drop_at = {0.8, 0.9};
  const TrainerState read = parse_trainer_state(trainer_state_json(state), "x");
  EXPECT_EQ(read.step, state.step);
  EXPECT_EQ(read.tokens, state.tokens);
  EXPECT_EQ(read.data, state.data);
  EXPECT_EQ(read.tokenizer_fingerprint, state.tokenizer_fingerprint);
  EXPECT_TRUE(read.settings == state.settings);
}

TEST(TrainerState, SaysThatThereIsNothingToResume) {
  try {
    read_trainer_state("nowhere");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "nowhere/trainer_state.json: not found; --resume needs the folder of a run that has saved");
  }
}

TEST(TrainerState, SaysWhatIsMissingInTheFile) {
  try {
    parse_trainer_state("{\"step\": 3}", "runs/x/trainer_state.json");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find("runs/x/trainer_state.json: is not the state of a run ("), 0u) << e.what();
    EXPECT_NE(std::string(e.what()).find("'tokens'"), std::string::npos) << e.what();
  }
}

TEST(TrainSettings, NamesTheFlagThatMakesNoSense) {
  TrainSettings settings;
  settings.batch_size = 0;
  try {
    check_settings(settings);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "--batch-size: found 0, expected at least 1");
  }
}

}  // namespace seekling
