#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "interop/safetensors.h"
#include "refusal.h"
#include "system/file.h"
#include "train/checksums.h"
#include "train/settings.h"

namespace seekling {

namespace fs = std::filesystem;

static TrainerState some_state() {
  TrainerState state;
  state.step = 37, state.tokens = 123456789012, state.data = {"a.txt", "b"};
  state.tokenizer_fingerprint = 0xFEDCBA9876543210;
  state.settings.lr = 0.1 + 0.2, state.settings.schedule = "cosine",
  state.settings.drop_at = {0.8, 0.9};
  return state;
}

// The state as it is written, with `to` in the place of `from`.
static std::string changed(const std::string& from, const std::string& to) {
  std::string json = trainer_state_json(some_state());
  const std::size_t at = json.find(from);
  EXPECT_NE(at, json.npos) << from;
  return json.replace(at, from.size(), to);
}

static std::string refusal_of(const std::string& json) {
  return refusal([&] { parse_trainer_state(json, "x"); });
}

TEST(TrainerState, ReadsWhatItWrote) {
  TrainerState state = some_state();
  state.checksums = {{"model.safetensors", {{"a", 0}, {"b", 0xFEDCBA98}}}};
  const TrainerState read = parse_trainer_state(trainer_state_json(state), "x");
  EXPECT_EQ(read.step, state.step);
  EXPECT_EQ(read.tokens, state.tokens);
  EXPECT_EQ(read.data, state.data);
  EXPECT_EQ(read.tokenizer_fingerprint, state.tokenizer_fingerprint);
  EXPECT_TRUE(read.settings == state.settings);
  EXPECT_EQ(read.checksums, state.checksums);
}

TEST(TrainerState, SaysThatThereIsNothingToResume) {
  try {
    read_trainer_state("nowhere");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(
        e.what(),
        "nowhere/trainer_state.json: not found; --resume needs the folder of a run that has saved");
  }
}

TEST(TrainerState, SaysWhatIsMissingInTheFile) {
  try {
    parse_trainer_state("{\"step\": 3}", "runs/x/trainer_state.json");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find("runs/x/trainer_state.json: is not the state of a run ("),
              0u)
        << e.what();
    EXPECT_NE(std::string(e.what()).find("'tokens'"), std::string::npos) << e.what();
  }
}

TEST(TrainerState, ReadsWholeNumbersAsWholeNumbers) {
  const std::string refused = "x: is not the state of a run (",
                    end = "); resume from another folder, or train again";
  for (const char* number : {"37.0", "1e+300", "18446744073709551615", "\"37\"", "null"})
    EXPECT_EQ(refusal_of(changed("\"step\": 37", text("\"step\": ", number))),
              text(refused, "\"step\" is ", number, ", expected a whole number", end));
  EXPECT_EQ(refusal_of(changed("\"steps\": 4400", "\"steps\": 4400.5")),
            refused + "\"steps\" is 4400.5, expected a whole number" + end);
  EXPECT_EQ(refusal_of(changed("\"seed\": 1", "\"seed\": -1")),
            refused + "\"seed\" is -1, expected a whole number of at least 0" + end);
  EXPECT_EQ(refusal_of(changed("\"step\": 37", "\"step\": -37")),
            refused + "\"step\" is -37 and \"tokens\" 123456789012, expected at least 0" + end);
}

TEST(TrainerState, AChangeIsFoundUnlessTheChecksumIsTakenOut) {
  const std::string json = changed("\"step\": 37", "\"step\": 38");
  EXPECT_EQ(refusal_of(json),
            "x: does not match its own checksum: the file was changed after it was saved; resume "
            "from another folder, or, if you changed it, remove the line \"checksum\"");
  const std::size_t line = json.rfind(",\n  \"checksum\"");
  EXPECT_EQ(parse_trainer_state(json.substr(0, line) + "\n}\n", "x").step, 38);
}

TEST(TrainerState, ChecksumsNameTheTensorThatIsNotTheSavedOne) {
  const fs::path folder = fs::temp_directory_path() / text("seekling_checksums_", ::getpid()),
                 file = folder / "model.safetensors";
  fs::create_directories(folder);
  Rng rng(3);
  const Tensor a = Tensor::randn({2, 3}, rng), b = Tensor::randn({4}, rng);
  write_safetensors(file, {{"a", a}, {"b", b}});
  TrainerState state;
  state.checksums["model.safetensors"] = checksums_of(file);
  EXPECT_EQ(refusal([&] { check_checksums(folder, state); }), "not refused");
  EXPECT_EQ(refusal([&] { check_checksums(folder, {}); }), "not refused");  // of an older version

  std::string bytes = read_file(file);
  bytes.back() = char(bytes.back() ^ 1);  // of b
  write_file(file, bytes);
  EXPECT_EQ(refusal([&] { check_checksums(folder, state); }),
            file.string() +
                ": tensor b does not match its checksum in trainer_state.json: the file is "
                "damaged, or from another step or run; resume from another folder");
  write_safetensors(file, {{"b", b}});
  EXPECT_EQ(refusal([&] { check_checksums(folder, state); }),
            file.string() +
                ": the tensor a is missing, although trainer_state.json lists it; resume from "
                "another folder");
  fs::remove_all(folder);
}

}  // namespace seekling
