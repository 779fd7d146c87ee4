// What can be asked of a run, after a training of two steps.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "train/metrics.h"

namespace seekling {

class RunTest : public ProgramTest {
 protected:
  RunTest() { out_of(small_run("runs/a", {"--steps", "2", "--eval-every", "2"})); }
};

TEST_F(RunTest, IsAHuggingFaceFolderWithItsOwnRecords) {
  for (const char* file :
       {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
        "trainer_state.json", "optimizer.safetensors", "metrics.jsonl", "report.html"})
    EXPECT_TRUE(fs::exists(folder / "runs/a" / file)) << file;
  const auto config = nlohmann::json::parse(read_file(folder / "runs/a/config.json"));
  EXPECT_EQ(config["architectures"][0], "DeepseekV2ForCausalLM");
  EXPECT_EQ(config["hidden_size"], 32);
  EXPECT_EQ(config["max_position_embeddings"], 128);  // by --set
  EXPECT_EQ(config["eos_token_id"], 1);               // the tokenizer's
}

TEST_F(RunTest, IsNotOverwritten) {
  expect_refused(small_run("runs/a"), 2,
                 "--out: runs/a holds a run already; go on with it by --resume runs/a, or name another folder");
}

TEST_F(RunTest, EvalGivesTheHeldoutLossThatTrainingGave) {
  const std::vector<StepMetrics> metrics = read_metrics(folder / "runs/a/metrics.jsonl");
  ASSERT_EQ(metrics.size(), 2u);
  char expected[100];
  std::snprintf(expected, sizeof expected, "held-out loss %.4f nats a token, %.4f bits a byte\n",
                metrics[1].heldout_loss.value(), metrics[1].heldout_bits_per_byte.value());
  EXPECT_EQ(out_of({"eval", "--model", "runs/a"}), expected);
  EXPECT_EQ(out_of({"eval"}), expected);  // the latest run
}

TEST_F(RunTest, EvalCountsRightAnswersByKind) {
  out_of({"data", "make", "--out", "world", "--documents", "1", "--questions", "2", "--languages", "en"});
  const std::string out = out_of({"eval", "runs/a", "--questions", "world/questions.jsonl"});
  EXPECT_NE(out.find("held-out loss "), out.npos);
  for (const char* kind : {"brackets", "copy", "sort", "sum", "tale-1", "tale-2"}) {
    char line[100];
    std::snprintf(line, sizeof line, "exact match %-10s   0 of   2    0.0 %%\n", kind);
    EXPECT_NE(out.find(line), out.npos) << line << out;
  }
  expect_refused({"eval", "runs/a", "--questions", "none.jsonl"}, 1,
                 "none.jsonl: not found, expected a questions.jsonl as data make writes it");
}

TEST_F(RunTest, GenerateContinuesAPromptOrStdin) {
  const Words generate{"generate", "--model", "runs/a", "--max-tokens", "8"};
  Words with_prompt = generate;
  with_prompt.push_back("the village");
  const std::string out = out_of(with_prompt);
  EXPECT_TRUE(out.starts_with("the village")) << out;
  EXPECT_TRUE(out.ends_with("\n")) << out;
  EXPECT_EQ(out, out_of(generate, "the village"));
}

TEST_F(RunTest, PrintedIdsAreThoseOfTheText) {
  const Words common{"--model", "runs/a", "--max-tokens", "8", "--no-eos", "--temperature", "1", "--seed", "3"};
  const auto generate = [&](const Words& more) {
    Words words{"generate"};
    words.insert(words.end(), common.begin(), common.end());
    words.insert(words.end(), more.begin(), more.end());
    return out_of(words);
  };
  const std::string ids = generate({"--prompt", "the", "--print-ids"}), shown = generate({"--prompt", "the"});
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ','), 7) << ids;
  std::string decoded =
      out_of({"tokenizer", "decode", "--tokenizer", "runs/a"}, "[" + ids.substr(0, ids.size() - 1) + "]");
  const std::string end = "<｜end▁of▁sentence｜>";  // went by, and is not shown
  for (std::size_t at = 0; (at = decoded.find(end)) != decoded.npos;) decoded.erase(at, end.size());
  EXPECT_EQ("the" + decoded, shown);
  EXPECT_EQ(ids, generate({"--prompt", "the", "--print-ids"}));
  const std::string encoded = out_of({"tokenizer", "encode", "--tokenizer", "runs/a"}, "the");
  EXPECT_EQ(ids, generate({"--print-ids", "--ids", "0," + encoded.substr(1, encoded.find(']') - 1)}));  // 0 is bos
}

TEST_F(RunTest, VerboseSaysWhatTheCacheHolds) {
  const Ran ran =
      run({"generate", "--model", "runs/a", "--ids", "0,5", "--print-ids", "--no-eos", "--max-tokens", "3", "-v"});
  EXPECT_EQ(ran.err,
            "cache: 4 tokens x 192 bytes (absorbed, fp32) = 768 bytes of 6144\nweights: fp32\n");  // (kv_lora_rank 16 + qk_rope_head_dim 8) x 2 layers
}

TEST_F(RunTest, ChatAnswersEachLineUntilAnEmptyOne) {
  const Ran ran = run({"chat", "--model", "runs/a", "--max-tokens", "4"}, "Where is Anna?\nこんにちは\n\nnot read\n");
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.err, "> > > ");
  EXPECT_GE(std::count(ran.out.begin(), ran.out.end(), '\n'), 2);
  EXPECT_EQ(ran.out, run({"chat", "--max-tokens", "4"}, "Where is Anna?\nこんにちは\n").out);
}

TEST_F(RunTest, APipeGetsPlainLines) {
  const Ran ran = run(small_run("runs/b", {"--steps", "2"}));
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
  EXPECT_EQ(ran.err.find('\r'), std::string::npos);
  EXPECT_NE(ran.err.find("step 2/2  loss "), std::string::npos) << ran.err;
}

}  // namespace seekling
