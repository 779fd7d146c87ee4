// export and import: what they write is read back, and what they cannot do is said in a sentence.
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "interop/checkpoint.h"
#include "interop/safetensors.h"
#include "system/folder_lock.h"

namespace seekling {

namespace {

class ConvertTest : public ProgramTest {
 protected:
  // The tensors of a/model.safetensors are those of b, to the bit.
  void expect_same_weights(const std::string& a, const fs::path& b) const {
    const SafetensorsFile found(folder / a / "model.safetensors"), wanted(b / "model.safetensors");
    ASSERT_EQ(found.entries().size(), wanted.entries().size());
    for (const auto& [name, entry] : wanted.entries())
      EXPECT_TRUE(found.tensor(name).view().matrix() == wanted.tensor(name).view().matrix())
          << name;
  }
};

}  // namespace

TEST_F(ConvertTest, ARunComesBackFromGgufWithItsTokenizer) {
  ASSERT_EQ(run(small_run("run", {"--steps", "2"})).exit, 0);
  const Ran ran =
      run({"export", "--gguf", "--model", "run", "--out", "run.gguf", "--dtype", "fp32"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.err, "wrote run.gguf\n");
  out_of({"import", "--model", "run.gguf", "--out", "back"});
  expect_same_weights("back", folder / "run");
  const auto ids = [&](const char* of) {
    return out_of({"tokenizer", "encode", "--whole", "--tokenizer", of}, "12 apples, 日本\n");
  };
  EXPECT_EQ(ids("back"), ids("run"));
  const auto generated = [&](const char* model) {
    return out_of(
        {"generate", "--model", model, "--prompt", "It was", "--max-tokens", "8", "--no-eos"});
  };
  EXPECT_EQ(generated("back"), generated("run"));
  EXPECT_EQ(read_file(folder / "back/tokenizer_config.json"),
            read_file(folder / "run/tokenizer_config.json"));
}

TEST_F(ConvertTest, WhatAnotherProcessWritesIsLeftAlone) {
  out_of({"export", "--gguf", "--model", golden("v2_lite_tiny"), "--out", "a.gguf"});
  const FolderLock lock(folder / "o");  // as the other one holds it
  fs::create_directories(folder / "o" / ".next");
  write_file(folder / "o/.next/config.json", "half");
  for (const Words& words : std::vector<Words>{{"export", "--model", golden("v2_lite_tiny")},
                                               {"import", "--model", "a.gguf"}}) {
    Words all = words;
    all.insert(all.end(), {"--out", "o"});
    const Ran ran = run(all);
    EXPECT_EQ(ran.exit, 1) << words[0];
    EXPECT_TRUE(
        ran.err.ends_with("seekling: o: another process writes to this folder; wait for "
                          "it, or choose another folder\n"))
        << ran.err;
    EXPECT_EQ(read_file(folder / "o/.next/config.json"), "half") << words[0];
  }
}

TEST_F(ConvertTest, AModelWithoutATokenizerIsExportedForIdsAlone) {
  fs::copy(golden("v3_tiny"), folder / "model");
  const fs::path config = folder / "model/config.json";
  auto j = parse_json(read_file(config), "config");
  j["rope_scaling"]["beta_fast"] = 32;  // llama.cpp knows only this one
  write_file(config, j.dump());
  const Ran ran =
      run({"export", "--gguf", "--model", "model", "--out", "a.gguf", "--dtype", "int8"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err,
            "note: model has no tokenizer.json: the file can only be used with token ids\n"
            "note: the multi-token prediction modules are not written to a GGUF file\n"
            "note: matrices with rows of 16, 20, 24, 48 elements, not a multiple of 32, are "
            "written as F16 instead of Q8_0\nwrote a.gguf\n");
  out_of({"import", "--model", "a.gguf", "--out", "b"});
  EXPECT_FALSE(fs::exists(folder / "b/tokenizer.json"));
}

TEST_F(ConvertTest, AFileThatNamesNoGatingFunctionGetsANote) {
  out_of({"export", "--gguf", "--model", golden("v2_lite_tiny"), "--out", "a.gguf"});
  std::string file = read_file(folder / "a.gguf");
  file.replace(file.find("expert_gating_func"), 18, "another_gating_key");
  write_file(folder / "a.gguf", file);
  const Ran ran = run({"import", "--model", "a.gguf", "--out", "b"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err,
            "note: a.gguf: has no expert_gating_func; the scores of experts are taken as softmax, "
            "as in DeepSeek-V2\nwrote b\n");
}

TEST_F(ConvertTest, ExportsShardsThatAreTheRoundedModel) {
  out_of({"export", "--model", golden("v2_tiny"), "--out", "fp32", "--dtype", "fp32"});
  expect_same_weights("fp32", golden("v2_tiny"));
  out_of({"export", "--model", golden("v2_tiny"), "--out", "shards", "--dtype", "fp16",
          "--shard-mib", "1"});
  out_of({"export", "--model", "shards", "--out", "again", "--dtype", "fp32"});
  out_of({"export", "--model", golden("v2_tiny"), "--out", "whole", "--dtype", "fp16"});
  expect_same_weights("again", folder / "whole");
}

TEST_F(ConvertTest, WhatTheyCannotDoIsSaidInASentence) {
  const std::string model = golden("v2_lite_tiny");
  expect_refused({"export", "--model", model}, 2, "export: --out is missing; see --help");
  expect_refused({"export", "--model", model, "--out", "x", "--dtype", "int8"}, 2,
                 "--dtype: found int8, expected fp32, bf16 or fp16, or int8 with --gguf");
  expect_refused({"export", "--model", model, "--out", "x", "--shard-mib", "-1"}, 2,
                 "--shard-mib: found -1, expected at least 0");
  expect_refused({"export", "--gguf", "--model", model, "--out", ".", "--dtype", "fp32"}, 2,
                 "--out: . already exists; choose another file");
  expect_refused({"export", "--model", model, "--out", "."}, 2,
                 "--out: . is not empty; choose another folder");
  expect_refused({"import", "--model", "x"}, 2, "import: --out is missing; see --help");
  expect_refused({"import", "--model", "none.gguf", "--out", "x"}, 1,
                 "none.gguf: cannot be opened (No such file or directory)");
  expect_refused({"import", "--model", model + "/config.json", "--out", "x"}, 1,
                 model + "/config.json: does not begin with \"GGUF\", expected a GGUF file");
  EXPECT_FALSE(fs::exists(folder / "x"));
  const Ran ran = run({"export", "--gguf", "--model", golden("v2_tiny"), "--out", "x.gguf"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_TRUE(ran.err.ends_with(
      "seekling: gguf: topk_method is \"group_limited_greedy\" with 2 of 4 groups, but llama.cpp "
      "knows groups by their two best experts, not by the best one\n"))
      << ran.err;
  EXPECT_FALSE(fs::exists(folder / "x.gguf") || fs::exists(folder / "x.gguf.tmp"));
}

}  // namespace seekling
