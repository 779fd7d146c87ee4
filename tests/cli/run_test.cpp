// What can be asked of a run, after a training of two steps.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "report/metrics.h"

namespace seekling {

class RunTest : public ProgramTest {
 protected:
  RunTest() { out_of(small_run("runs/a", {"--steps", "2", "--eval-every", "2"})); }
};

TEST_F(RunTest, IsAHuggingFaceFolderWithItsOwnRecords) {
  for (const char* file : {"config.json", "model.safetensors", "tokenizer.json",
                           "tokenizer_config.json", "generation_config.json", "trainer_state.json",
                           "optimizer.safetensors", "metrics.jsonl", "report.html"})
    EXPECT_TRUE(fs::exists(folder / "runs/a" / file)) << file;
  const auto config = nlohmann::json::parse(read_file(folder / "runs/a/config.json"));
  EXPECT_EQ(config["architectures"][0], "DeepseekV2ForCausalLM");
  EXPECT_EQ(config["hidden_size"], 32);
  EXPECT_EQ(config["max_position_embeddings"], 128);  // by --set
  EXPECT_EQ(config["eos_token_id"], 1);               // the tokenizer's
}

TEST_F(RunTest, IsNotOverwritten) {
  expect_refused(small_run("runs/a"), 2,
                 "--out: runs/a already contains a run; continue it with --resume runs/a, or "
                 "choose another folder");
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
  out_of({"data", "make", "--out", "world", "--documents", "1", "--questions", "2", "--languages",
          "en"});
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
  const Words common{"--model",       "runs/a", "--max-tokens", "8", "--no-eos",
                     "--temperature", "1",      "--seed",       "3"};
  const auto generate = [&](const Words& more) {
    Words words{"generate"};
    words.insert(words.end(), common.begin(), common.end());
    words.insert(words.end(), more.begin(), more.end());
    return out_of(words);
  };
  const std::string ids = generate({"--prompt", "the", "--print-ids"}),
                    shown = generate({"--prompt", "the"});
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ','), 7) << ids;
  std::string decoded = out_of({"tokenizer", "decode", "--tokenizer", "runs/a"},
                               "[" + ids.substr(0, ids.size() - 1) + "]");
  const std::string end = "<｜end▁of▁sentence｜>";  // went by, and is not shown
  for (std::size_t at = 0; (at = decoded.find(end)) != decoded.npos;) decoded.erase(at, end.size());
  EXPECT_EQ("the" + decoded, shown);
  EXPECT_EQ(ids, generate({"--prompt", "the", "--print-ids"}));
  const std::string encoded = out_of({"tokenizer", "encode", "--tokenizer", "runs/a"}, "the");
  // 0 is bos.
  EXPECT_EQ(ids,
            generate({"--print-ids", "--ids", "0," + encoded.substr(1, encoded.find(']') - 1)}));
}

TEST_F(RunTest, VerboseSaysWhatTheCacheHolds) {
  const Ran ran = run({"generate", "--model", "runs/a", "--ids", "0,5", "--print-ids", "--no-eos",
                       "--max-tokens", "3", "-v"});
  // 192 bytes: fp32, (kv_lora_rank 16 + qk_rope_head_dim 8) x 2 layers.
  EXPECT_EQ(ran.err,
            "cache: 4 tokens x 192 bytes (absorbed, fp32) = 768 bytes of 6144\nweights: fp32\n");
}

TEST_F(RunTest, TheCacheMayBeNaiveOrInAnotherFormat) {
  const auto report = [&](const Words& more) {
    Words words{"generate",    "--model",  "runs/a",       "--ids", "0,5",
                "--print-ids", "--no-eos", "--max-tokens", "3",     "-v"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words).err;
  };
  EXPECT_EQ(report({"--decode", "naive"}),  // 2 heads of 16 + 8 and 16, 2 layers
            "cache: 4 tokens x 640 bytes (naive, fp32) = 2560 bytes of 20480\nweights: fp32\n");
  EXPECT_EQ(report({"--cache", "bf16", "--weights", "int8"}),
            "cache: 4 tokens x 96 bytes (absorbed, bf16) = 384 bytes of 3072\nweights: int8\n");
}

TEST_F(RunTest, GenerateStopsBeforeAStopString) {
  const Words words{"generate", "--model",      "runs/a", "--prompt",
                    "the",      "--max-tokens", "40",     "--no-eos"};
  const auto with = [&](const Words& more) {
    Words all = words;
    all.insert(all.end(), more.begin(), more.end());
    return out_of(all);
  };
  const std::string whole = with({});
  const std::string stop = whole.substr(whole.size() / 2, 1),
                    other = whole.substr(whole.size() / 3, 3);
  const std::size_t end = std::min(whole.find(stop, 3), whole.find(other, 3));
  EXPECT_EQ(with({"--stop", stop, "--stop=" + other}), whole.substr(0, end) + "\n");
  EXPECT_EQ(with({"--stop", "never said, with a comma"}), whole);
  expect_refused({"generate", "--model", "runs/a", "--prompt", "the", "--stop="}, 2,
                 "--stop: is empty, expected a text");
}

TEST_F(RunTest, SamplingIsTheSameOnAnyNumberOfThreadsAndRefusesWhatMakesNoSense) {
  const auto with = [&](const Words& more) {
    Words all{"generate", "--model",       "runs/a", "--prompt", "the",  "--max-tokens",
              "30",       "--temperature", "1",      "--min-p",  "0.02", "--repetition-penalty",
              "1.2",      "--seed",        "5"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  for (const std::string format : {"fp32", "bf16", "int8", "int4"})
    EXPECT_EQ(out_of(with({"--threads", "1", "--weights", format})),
              out_of(with({"--threads", "3", "--weights", format})));
  expect_refused({"generate", "--model", "runs/a", "--prompt", "a", "--min-p", "1.5"}, 2,
                 "--min-p: found 1.5, expected a number from 0 to 1");
  expect_refused({"generate", "--model", "runs/a", "--prompt", "a", "--weights", "fp4"}, 2,
                 "--weights: found fp4, expected fp32, bf16, int8 or int4");
  expect_refused({"generate", "--model", "runs/a", "--prompt", "a", "--decode", "fast"}, 2,
                 "--decode: found fast, expected absorbed or naive");
  expect_refused({"generate", "--model", "runs/a", "--prompt", "a", "--speculative"}, 2,
                 "--speculative: this model has no multi-token prediction module "
                 "(num_nextn_predict_layers is 0); "
                 "train one with --num-nextn-predict-layers 1");
}

TEST_F(RunTest, EvalReportsThePerplexityOfEveryFormat) {
  for (const std::string format : {"bf16", "int8", "int4"}) {
    const std::string out = out_of({"eval", "runs/a", "--weights", format, "--cache", "int8"});
    const std::size_t at = out.find("perplexity ");
    ASSERT_NE(at, out.npos) << out;
    double found = 0, trained = 0;
    char stored[8] = {};
    ASSERT_EQ(std::sscanf(out.c_str() + at,
                          "perplexity %lf with weights in %7s and cache in int8; %lf as trained",
                          &found, stored, &trained),
              3)
        << out;
    EXPECT_EQ(stored, format);
    EXPECT_NE(found, trained);
    EXPECT_NEAR(found / trained, 1, format == "int4" ? 0.2 : 0.02) << out;
  }
}

TEST_F(RunTest, ChatAnswersEachLineUntilAnEmptyOne) {
  const Ran ran = run({"chat", "--model", "runs/a", "--max-tokens", "4"},
                      "Where is Anna?\nこんにちは\n\nnot read\n");
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
