// The commands that ask a model, against Hugging Face's answers in tests/golden
// and against each other.
#include <algorithm>
#include <set>
#include <sstream>

#include "cli/program.h"
#include "interop/config_json.h"
#include "interop/safetensors.h"
#include "model/size.h"

namespace seekling {

namespace {

const char* const kFixtures[] = {"v2_lite_tiny", "v2_tiny", "v3_tiny", "v32_tiny"};

std::string commas(const std::vector<std::int64_t>& ids) {
  std::string list;
  for (const std::int64_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  return list;
}

double largest(const Tensor& x) { return double(x.view().matrix().cwiseAbs().maxCoeff()); }

double tolerance(const std::string& key, const Tensor& expected) {  // tests/golden's, of float32
  if (key.starts_with("fp8idx.")) return 1e-2 * largest(expected);  // where a code differs
  if (key.find("grad.") != key.npos) return 1e-3 * largest(expected) + 1e-6;
  return key.find("loss") != key.npos || key.starts_with("aux.") ? 2e-5 : 2e-4;
}

// Of 1000 numbers in 8 bits one may lie so near the border of two codes that it falls on the other
// side.
void expect_equal_codes(const std::vector<std::int64_t>& found,
                        const std::vector<std::int64_t>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < found.size(); ++i) different += found[i] != wanted[i];
  EXPECT_LE(1000 * different, found.size());
}

void expect_equal(const SafetensorsFile& found, const SafetensorsFile& wanted,
                  const std::string& key) {
  ASSERT_TRUE(found.has(key)) << key;
  if (wanted.entries().at(key).dtype == "U8")
    return expect_equal_codes(found.integers(key), wanted.integers(key));
  if (wanted.entries().at(key).dtype == "I64") {
    EXPECT_EQ(found.integers(key), wanted.integers(key)) << key;
    return;
  }
  const Tensor f = found.tensor(key), w = wanted.tensor(key);
  ASSERT_EQ(f.size(), w.size()) << key;
  const double difference = double((f.view().vector() - w.view().vector()).cwiseAbs().maxCoeff());
  EXPECT_LT(difference, tolerance(key, w)) << key;
}

}  // namespace

TEST_F(ProgramTest, ScoreGivesHuggingFacesNumbers) {
  for (const std::string fixture : kFixtures) {
    const std::string expect = golden(fixture + "/expect.safetensors");
    const Ran ran =
        run({"score", "--model", golden(fixture), "--ids", expect, "--out", fixture, "--grad"});
    ASSERT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(ran.err.starts_with("wrote ")) << ran.err;
    const SafetensorsFile found(folder / fixture), wanted(expect);
    for (const auto& [key, entry] : wanted.entries()) expect_equal(found, wanted, key);
    for (const auto& [key, entry] : found.entries()) EXPECT_TRUE(wanted.has(key)) << key;
  }
}

TEST_F(ProgramTest, ScoreWithoutGradHasNoGradientsAndOtherwiseTheSame) {
  const Words words{"score",
                    "--model",
                    golden("v2_lite_tiny"),
                    "--ids",
                    golden("v2_lite_tiny/expect.safetensors"),
                    "--out"};
  const auto with = [&](const Words& more) {
    Words all = words;
    all.insert(all.end(), more.begin(), more.end());
    out_of(all);
  };
  with({"plain", "--threads", "1"});
  with({"again", "--threads", "2"});
  EXPECT_EQ(read_file(folder / "plain"), read_file(folder / "again"));
  with({"grad", "--grad"});
  const SafetensorsFile plain(folder / "plain"), grad(folder / "grad");
  for (const auto& [key, entry] : grad.entries())
    EXPECT_EQ(plain.has(key), !key.starts_with("grad.")) << key;
  EXPECT_TRUE(plain.tensor("logits").view().matrix() == grad.tensor("logits").view().matrix());
}

TEST_F(ProgramTest, ScoreRefusesIdsItCannotUse) {
  const auto score = [](const std::string& ids) {
    return Words{"score", "--model", golden("v2_lite_tiny"), "--ids", ids, "--out", "out"};
  };
  write_safetensors(folder / "flat", {}, {{"input_ids", {3}, {1, 2, 3}}});
  expect_refused(score("flat"), 1, "flat: expected a tensor input_ids of shape [B, T]");
  write_safetensors(folder / "other", {}, {{"ids", {1, 3}, {1, 2, 3}}});
  expect_refused(score("other"), 1, "other: expected a tensor input_ids of shape [B, T]");
  const Index V = read_config(golden("v2_lite_tiny")).vocab_size;
  write_safetensors(folder / "high", {}, {{"input_ids", {1, 2}, {0, V}}});
  expect_refused(score("high"), 1,
                 text("high: input_ids holds ", V, ", expected ids from 0 to ", V - 1));
  write_safetensors(folder / "floats", {{"input_ids", Tensor::zeros({1, 3})}});
  expect_refused(score("floats"), 1, "floats: tensor input_ids has dtype F32, expected integers");
  EXPECT_FALSE(fs::exists(folder / "out") || fs::exists(folder / "out.tmp"));
}

TEST_F(ProgramTest, GenerateGivesHuggingFacesTokens) {
  for (const std::string fixture : kFixtures) {
    const SafetensorsFile expect(golden(fixture + "/expect.safetensors"));
    const std::vector<std::int64_t> ids = expect.integers("gen.ids");
    EXPECT_EQ(out_of({"generate", "--model", golden(fixture), "--ids",
                      commas(expect.integers("gen.prompt")), "--print-ids", "--no-eos",
                      "--max-tokens", std::to_string(ids.size())}),
              commas(ids) + "\n")
        << fixture;
  }
}

TEST_F(ProgramTest, GuessingAheadGivesHuggingFacesTokensToo) {
  const SafetensorsFile expect(golden("v3_tiny/expect.safetensors"));
  const std::vector<std::int64_t> ids = expect.integers("gen.ids");
  const Ran ran = run({"generate", "--model", golden("v3_tiny"), "--ids",
                       commas(expect.integers("gen.prompt")), "--print-ids", "--no-eos",
                       "--speculative", "-v", "--max-tokens", std::to_string(ids.size())});
  EXPECT_EQ(ran.out, commas(ids) + "\n");
  EXPECT_NE(ran.err.find("accepted"), ran.err.npos) << ran.err;
  EXPECT_NE(ran.err.find("tokens a step"), ran.err.npos) << ran.err;
}

TEST_F(ProgramTest, GenerateStopsAtTheContextsEnd) {
  const Index room = read_config(golden("v2_lite_tiny")).max_position_embeddings;
  const auto generate = [&](Index n, const char* max_tokens) {
    return Words{"generate",
                 "--model",
                 golden("v2_lite_tiny"),
                 "--ids",
                 commas(std::vector<std::int64_t>(std::size_t(n), 3)),
                 "--print-ids",
                 "--no-eos",
                 "--max-tokens",
                 max_tokens};
  };
  const std::string ids = out_of(generate(room - 3, "20"));
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ','), 2) << ids;
  expect_refused(generate(room + 1, "1"), 1,
                 text("the prompt has ", room + 1, " tokens, but the model has ", room,
                      " positions (max_position_embeddings)"));
}

TEST_F(ProgramTest, GenerateRefusesIdsThatAreNone) {
  const auto generate = [](const std::string& ids) {
    return Words{"generate", "--model", golden("v2_lite_tiny"), "--print-ids", "--ids=" + ids};
  };
  const Index V = read_config(golden("v2_lite_tiny")).vocab_size;
  const std::string expected =
      text("expected token ids from 0 to ", V - 1, ", separated by commas");
  for (const std::string& bad : Words{"x", "-1", "1.5", std::to_string(V), "99999999999999999999"})
    expect_refused(generate("1," + bad), 2, "--ids: found \"" + bad + "\", " + expected);
  expect_refused(generate("1,,2"), 2, "--ids: found \"\", " + expected);
  expect_refused(
      {"generate", "--model", golden("v2_lite_tiny"), "--ids", "1"}, 1,
      golden("v2_lite_tiny") +
          "/tokenizer.json: found no such file; give a tokenizer.json of Hugging Face's tokenizers "
          "library, or a directory with one");
}

TEST_F(ProgramTest, ParamsCountsEveryPreset) {
  std::set<std::string> presets;
  for (const auto& entry : fs::directory_iterator(SEEKLING_MODELS))
    presets.insert(entry.path().stem());
  EXPECT_EQ(presets, (std::set<std::string>{"large", "medium", "nano", "small", "tiny", "v2",
                                            "v2-lite", "v3", "v3.2"}));
  for (const std::string& preset : presets) {
    const std::string out = out_of({"params", preset});
    const Config config = read_config(fs::path(SEEKLING_MODELS) / (preset + ".json"));
    std::string word;
    Index total = 0, activated = 0;
    std::istringstream in(out);
    in >> word >> total;
    EXPECT_EQ(word, "parameters") << out;
    in >> word >> word >> word >> activated;
    EXPECT_EQ(total, size_of(config).total) << out;
    EXPECT_EQ(activated, size_of(config).activated) << out;
    const std::string kind = config.model_type == "deepseek_v32" ? "DSA" : "MLA";
    const std::size_t row = out.find("this model, " + kind);
    ASSERT_NE(row, out.npos) << out;
    in.str(out.substr(row + 15));
    in.clear();
    Index cached = 0;
    in >> cached;
    EXPECT_EQ(cached, cache_elements(config)) << out;
  }
  EXPECT_EQ(out_of({"params"}), out_of({"params", "--model", "nano"}));
  EXPECT_EQ(out_of({"params", golden("v3_tiny")}),
            out_of({"params", "--model", golden("v3_tiny/config.json")}));
}

}  // namespace seekling
