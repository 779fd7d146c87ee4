// Runs whose files were damaged or mixed up: train --resume refuses them by name, and doctor finds
// them.
#include <cstring>

#include "cli/program.h"

namespace seekling {

class DamageTest : public ProgramTest {
 protected:
  DamageTest() {
    out_of(small_run("a", {"--steps", "4", "--save-every", "2"}));
    fs::copy(folder / "a", folder / "sound", fs::copy_options::recursive);
  }

  void restore() const {
    fs::remove_all(folder / "a");
    fs::copy(folder / "sound", folder / "a", fs::copy_options::recursive);
  }

  void change(const std::string& file, const std::function<void(std::string&)>& how) const {
    std::string bytes = read_file(folder / "a" / file);
    how(bytes);
    write_file(folder / "a" / file, bytes);
  }

  // Both say `sentence`: resume as its error, doctor on a line of its own.
  void expect_found(const std::string& sentence) const {
    const Ran resumed = run({"train", "--resume", "a", "--steps", "5"});
    EXPECT_EQ(resumed.exit, 1);
    EXPECT_TRUE(resumed.err.ends_with("seekling: " + sentence + "\n")) << resumed.err;
    const Ran doctor = run({"doctor", "a"});
    EXPECT_EQ(doctor.exit, 1);
    EXPECT_NE(doctor.out.find("  WRONG  " + sentence + "\n"), std::string::npos) << doctor.out;
    restore();
  }
};

TEST_F(DamageTest, AFlippedBitIsNamedWithItsTensor) {
  const auto flip_last = [](std::string& bytes) { bytes.back() = char(bytes.back() ^ 1); };
  const std::string end =
      " does not match its checksum in trainer_state.json: the file is damaged, or from another "
      "step or run; resume from another folder";
  change("model.safetensors", flip_last);
  expect_found("a/model.safetensors: tensor lm_head.weight" + end);
  change("optimizer.safetensors", flip_last);
  expect_found("a/optimizer.safetensors: tensor lm_head.weight.v" + end);
}

TEST_F(DamageTest, AnotherRunsMomentsAndAStateOfAnotherStepAreFound) {
  out_of(small_run("b", {"--steps", "2", "--seed", "2"}));
  const std::string end =
      " does not match its checksum in trainer_state.json: the file is damaged, or from another "
      "step or run; resume from another folder";
  fs::copy(folder / "b/optimizer.safetensors", folder / "a/optimizer.safetensors",
           fs::copy_options::overwrite_existing);
  expect_found("a/optimizer.safetensors: tensor lm_head.weight.m" + end);

  out_of(small_run("early", {"--steps", "2"}));
  fs::copy(folder / "early/trainer_state.json", folder / "a/trainer_state.json",
           fs::copy_options::overwrite_existing);
  expect_found("a/model.safetensors: tensor lm_head.weight" + end);
}

TEST_F(DamageTest, AChangedStateIsFound) {
  change("trainer_state.json",
         [](std::string& json) { json.replace(json.find("\"step\": 4"), 9, "\"step\": 3"); });
  expect_found(
      "a/trainer_state.json: does not match its own checksum: the file was changed after it was "
      "saved; resume from another folder, or, if you changed it, remove the line \"checksum\"");
}

TEST_F(DamageTest, DoctorFindsATokenOutsideTheVocabulary) {
  change("tokens/train.bin", [](std::string& bytes) {
    const std::uint16_t id = 60000;
    std::memcpy(bytes.data() + 64 + 2 * 5, &id, sizeof id);
  });
  const Ran doctor = run({"doctor", "a"});
  EXPECT_EQ(doctor.exit, 1);
  EXPECT_NE(
      doctor.out.find("  WRONG  a/tokens/train.bin: id number 5 is 60000, outside the "
                      "vocabulary of 700; the file is damaged, make it again from the text\n"),
      std::string::npos)
      << doctor.out;
}

TEST_F(DamageTest, ASoundRunIsWell) {
  const std::string out = out_of({"doctor", "a"});
  EXPECT_EQ(out.find("WRONG"), out.npos) << out;
  EXPECT_NE(out.find("the checksums of all tensors agree"), out.npos) << out;
}

// A V3's correction biases have no moments; in V3.2's first stage nothing but the indexers has any.
TEST_F(DamageTest, ASoundRunOfTheLaterModelsIsWell) {
  out_of(small_run(
      "three", {"--steps", "2", "--set", "model_type=deepseek_v3", "--set", "topk_method=noaux_tc",
                "--set", "scoring_func=sigmoid", "--set", "q_lora_rank=16"}));
  out_of({"train",
          "--model",
          "three",
          "--data",
          golden("tok_v3/corpus.txt"),
          "--seq-len",
          "32",
          "--model-type",
          "deepseek_v32",
          "--index-n-heads",
          "2",
          "--index-head-dim",
          "16",
          "--index-topk",
          "8",
          "--learns",
          "indexer",
          "--steps",
          "2",
          "--out",
          "v32"});
  for (const char* name : {"three", "v32"}) {
    const std::string out = out_of({"doctor", name});
    EXPECT_EQ(out.find("WRONG"), out.npos) << out;
    out_of({"train", "--resume", name, "--steps", "3"});
  }
  expect_refused(
      {"export", "--gguf", "--model", "v32", "--out", "x.gguf"}, 1,
      "gguf: Seekling does not write DeepSeek-V3.2's sparse attention to GGUF yet; export "
      "it without --gguf");
}

TEST_F(DamageTest, ARunOfAnOlderVersionHasNoChecksumsAndGoesOn) {
  change("trainer_state.json", [](std::string& json) {
    json = json.substr(0, json.find(",\n  \"checksums\"")) + "\n}\n";
  });
  out_of({"doctor", "a"});
  out_of({"train", "--resume", "a", "--steps", "5"});
}

}  // namespace seekling
