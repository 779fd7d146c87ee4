// Files as other people have them, and flags as other people type them.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "cli/program.h"
#include "interop/safetensors.h"

namespace seekling {

namespace {

const char* const kTale =
    "The boy went to the forest. He found a drum and a hat.\nThen rain fell on the old mill.\n";

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

Words joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

bool same_weights(const fs::path& a, const fs::path& b) {
  const SafetensorsFile x(a / "model.safetensors"), y(b / "model.safetensors");
  return std::ranges::all_of(x.entries(), [&](const auto& entry) {
    return x.tensor(entry.first).view().matrix() == y.tensor(entry.first).view().matrix();
  });
}

}  // namespace

class RealFiles : public ProgramTest {
 protected:
  // A copy of a checkpoint of tests/golden with some keys of its config.json changed; null leaves a
  // key out.
  void copy_checkpoint(const std::string& from, const std::string& to,
                       const nlohmann::json& changes) const {
    fs::copy(golden(from), folder / to);
    const fs::path config = folder / to / "config.json";
    nlohmann::json j = parse_json(read_file(config), "config");
    for (const auto& [key, value] : changes.items())
      if (value.is_null()) j.erase(key);
      else j[key] = value;
    write_file(config, j.dump());
  }

  std::string ids_after(const std::string& model, const Words& more = {}) const {
    return out_of(
        joined({"generate", "--model", model, "--ids", "5,6,7", "--print-ids", "--max-tokens", "6"},
               more));
  }
};

TEST_F(RealFiles, AKeyThatIsLeftOutHasTheDefaultOfTheClass) {
  copy_checkpoint("v3_tiny", "whole", {{"routed_scaling_factor", 2.5}});
  copy_checkpoint("v3_tiny", "short", {{"routed_scaling_factor", nullptr}});
  copy_checkpoint("v3_tiny", "other", {{"routed_scaling_factor", 1.0}});
  for (const char* model : {"whole", "short", "other"})
    out_of({"score", "--model", model, "--ids", golden("v3_tiny/expect.safetensors"), "--out",
            text(model, ".out")});
  const auto logits = [&](const char* model) {
    return SafetensorsFile(folder / text(model, ".out")).tensor("logits");
  };
  EXPECT_EQ(logits("short").view().matrix(), logits("whole").view().matrix());
  EXPECT_NE(logits("short").view().matrix(), logits("other").view().matrix());
}

TEST_F(RealFiles, AModuleTooManyIsLeftUnreadAndOneTooFewLeftOutWithANote) {
  copy_checkpoint("v3_tiny", "fewer", {{"num_nextn_predict_layers", 0}});
  copy_checkpoint("v3_tiny", "more", {{"num_nextn_predict_layers", 2}});
  const auto note_of = [&](const std::string& model) {
    return run({"generate", "--model", model, "--ids", "5", "--print-ids", "--max-tokens", "1"})
        .err;
  };
  EXPECT_EQ(note_of("fewer"),
            "note: fewer: num_nextn_predict_layers is 0, but the weights have 1 such module; the "
            "rest is ignored\n");
  EXPECT_EQ(note_of("more"),
            "note: more: num_nextn_predict_layers is 2, but the weights have 1 such module; "
            "continuing with fewer\n");
}

TEST_F(RealFiles, AnyOfSeveralEndsEndsAText) {
  const std::string ids = ids_after(golden("v3_tiny"), {"--no-eos"});
  std::vector<std::string> all;
  std::istringstream in(ids);
  for (std::string id; std::getline(in, id, ',');) all.push_back(id);
  ASSERT_EQ(all.size(), 6u) << ids;
  const std::string third = all[2];
  const std::size_t first = std::ranges::find(all, third) - all.begin();
  std::string before;
  for (std::size_t i = 0; i < first; ++i) before += (i ? "," : "") + all[i];
  copy_checkpoint("v3_tiny", "config", {{"eos_token_id", {319, std::stoi(third)}}});
  copy_checkpoint("v3_tiny", "generation", {{"eos_token_id", 319}});
  write_file(folder / "generation" / "generation_config.json",
             text("{\"eos_token_id\": [318, ", third, "]}"));
  EXPECT_EQ(ids_after("config"), before + "\n");
  EXPECT_EQ(ids_after("generation"), before + "\n");
  EXPECT_EQ(ids_after("generation", {"--no-eos"}), ids);
}

TEST_F(RealFiles, TheGenerationConfigHasTheDefaultsOfSampling) {
  copy_checkpoint("v3_tiny", "model", nlohmann::json::object());
  const Words hot{"--temperature", "5", "--top-p", "0.9", "--no-eos"};
  const std::string greedy = ids_after("model", {"--no-eos"}), sampled = ids_after("model", hot);
  ASSERT_NE(greedy, sampled);
  write_file(folder / "model" / "generation_config.json",
             R"({"do_sample": true, "temperature": 5, "top_p": 0.9})");
  EXPECT_EQ(ids_after("model", {"--no-eos"}), sampled);
  EXPECT_EQ(ids_after("model", {"--no-eos", "--temperature", "0"}), greedy);
}

TEST_F(RealFiles, EvalSaysWhatItNeeds) {
  expect_refused({"eval", "--model", golden("v3_tiny")}, 1,
                 golden("v3_tiny") +
                     ": has neither tokens/heldout.bin nor data/questions.jsonl to evaluate on; "
                     "give the folder of a run with held-out text, or --questions FILE");
}

TEST_F(RealFiles, TrainingStartsFromTheWeightsOfAFolder) {
  out_of(small_run("first", {"--steps", "2"}));
  write_file(folder / "text.txt", repeated(kTale, 60));
  const auto train = [&](const std::string& model, const std::string& out, const Words& more) {
    return run(joined({"train", "--model", model, "--data", "text.txt", "--steps", "1", "--lr", "0",
                       "--batch-size", "2", "--seq-len", "32", "--out", out},
                      more));
  };
  const Ran ran = train("first", "second", {});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_NE(ran.err.find("starting from the weights of first\n"), ran.err.npos) << ran.err;
  EXPECT_TRUE(same_weights(folder / "first", folder / "second"));
  EXPECT_EQ(read_file(folder / "first/tokenizer.json"),
            read_file(folder / "second/tokenizer.json"));
  for (const auto& [model, out, more] :
       {std::tuple{"first/config.json", "third", Words{}},
        {"first", "fourth", Words{"--from-scratch"}}}) {  // only the shape
    EXPECT_EQ(train(model, out, joined(more, {"--tokenizer", "first"})).exit, 0);
    EXPECT_FALSE(same_weights(folder / "first", folder / out)) << out;
  }
  fs::remove(folder / "first/tokenizer.json");
  expect_refused({"train", "--model", "first", "--data", "text.txt", "--out", "fifth"}, 2,
                 "--model: first has weights but no tokenizer.json, without which its ids have no "
                 "meaning; give --tokenizer, or --from-scratch to take only the shape");
}

TEST_F(RealFiles, AVocabularyLargerThanTheTokenizersIsNoHindrance) {
  out_of(small_run("run", {"--steps", "1", "--vocab-size", "900"}));
  EXPECT_TRUE(fs::exists(folder / "run/report.html"));
  out_of({"generate", "--model", "run", "--prompt", "the", "--temperature", "3", "--max-tokens",
          "60", "--no-eos", "--seed", "1"});
}

TEST_F(RealFiles, AFileNameMayHaveCommas) {
  const std::string book = "Doe, Jane - A Book.txt";
  write_file(folder / book, repeated(kTale, 60));
  write_file(folder / "b.txt", "zebra");
  for (const Words& data : {Words{"--data", book}, Words{book}, Words{"--data", "b.txt", book}}) {
    const Ran ran = run(joined({"tokenizer", "train", "--vocab-size", "300"}, data));
    EXPECT_EQ(ran.exit, 0) << ran.err;
  }
  out_of(small_run("run", {"--data", book, "--steps", "1"}));
  const auto state = parse_json(read_file(folder / "run/trainer_state.json"), "state");
  EXPECT_EQ(state["data"].back(), book);
}

TEST_F(RealFiles, ANumberIsReadToItsEnd) {
  for (const Words& words :
       {Words{"train", "--lr", "0,001"}, Words{"train", "--lr", "3e-4x"},
        Words{"train", "--weight-decay", "0,1"}, Words{"train", "--drop-at", "0.6;0.9"},
        Words{"train", "--drop-at", "0.6,"}, Words{"generate", "--temperature", "0,7"},
        Words{"chat", "--top-p", "0.9 "}, Words{"train", "--lr", "1e999"}})
    expect_refused(words, 2,
                   words[1] + ": found " + words[2] + ", expected a number in range; see --help");
  expect_refused({"train", "--lr=0,001"}, 2,
                 "--lr: found 0,001, expected a number in range; see --help");
}

TEST_F(RealFiles, AMessageNamesItsOwnFlag) {
  expect_refused({"generate", "--prompt", "1x", "--stop", "1", "--max-tokens", "1x"}, 2,
                 "--max-tokens: found 1x, expected a number in range; see --help");
}

TEST_F(RealFiles, FlagsHaveTheNamesOfOtherProgramsToo) {
  for (const char* flag : {"--max-tokens", "--max_tokens", "--max-new-tokens", "--max_new_tokens"})
    expect_refused({"generate", flag, "-3", "x"}, 2, "--max-tokens: found -3, expected at least 0");
  expect_refused({"train", "--learning_rate=-1"}, 2, "--lr: found -1, expected at least 0");
  expect_refused({"train", "--batch_size", "0"}, 2, "--batch-size: found 0, expected at least 1");
}

TEST_F(RealFiles, TheHelpListsTheFlagThatIsMostlyGiven) {
  const std::vector<std::pair<Words, std::string>> all = {{{"train"}, "data"},
                                                          {{"generate"}, "prompt"},
                                                          {{"eval"}, "model"},
                                                          {{"export"}, "model"},
                                                          {{"import"}, "model"},
                                                          {{"params"}, "model"},
                                                          {{"tokenizer", "train"}, "data"},
                                                          {{"tokenizer", "encode"}, "file"},
                                                          {{"tokenizer", "decode"}, "file"}};
  for (const auto& [command, flag] : all)
    EXPECT_NE(out_of(joined(command, {"--help"})).find("--" + flag + " "), std::string::npos)
        << command.back();
}

}  // namespace seekling
