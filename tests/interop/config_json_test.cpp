#include "interop/config_json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/check.h"
#include "gradcheck.h"
#include "system/file.h"

namespace seekling {

namespace {

const std::string kSmall =
    R"("model_type": "deepseek_v2", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2,
                              "num_attention_heads": 2)";

Config with(const std::string& more) {
  return config_from_json("{" + kSmall + more + "}", "c.json");
}

}  // namespace

TEST(ConfigJson, ReadsBothStylesOfRotarySettings) {
  const std::string yarn =
      R"("factor": 8, "original_max_position_embeddings": 64, "mscale": 0.7, "mscale_all_dim": 1)";
  const Config released =
      with(R"(, "rope_theta": 500, "rope_scaling": {"type": "yarn", )" + yarn + "}");
  const Config hf5 =
      with(R"(, "rope_parameters": {"rope_theta": 500, "rope_type": "yarn", )" + yarn + "}");
  EXPECT_EQ(released.rope_theta, 500);
  EXPECT_EQ(config_json(released), config_json(hf5));
  EXPECT_EQ(hf5.rope_scaling->factor, 8);
}

TEST(ConfigJson, ReadsBackWhatItWrites) {
  for (const char* name : {"v2_lite_tiny", "v2_tiny", "v3_tiny"}) {
    const Config c = read_config(std::string(SEEKLING_GOLDEN) + "/" + name);
    EXPECT_EQ(config_json(c), config_json(config_from_json(config_json(c), name)));
  }
}

TEST(ConfigJson, RefusesByNameWhatItDoesNotKnow) {
  EXPECT_ERROR(with(R"(, "sliding_window": 4)"),
               "c.json: has the key sliding_window, which Seekling does not know; if it changes "
               "nothing, remove it");
  EXPECT_ERROR(with(R"(, "hidden_act": "gelu")"),
               "c.json: hidden_act is \"gelu\", and Seekling knows only \"silu\"");
  EXPECT_ERROR(with(R"(, "topk_method": "best")"),
               "c.json: topk_method is \"best\", expected one of "
               "[\"greedy\",\"group_limited_greedy\",\"noaux_tc\"]");
  EXPECT_ERROR(with(R"(, "kv_lora_rank": "many")"),
               "c.json: kv_lora_rank is \"many\", expected an integer");
  EXPECT_ERROR(with(R"(, "num_experts_per_tok": 99)"),
               "c.json: num_experts_per_tok is 99, but only 16 experts can be chosen from");
  EXPECT_ERROR(config_from_json("{}", "c.json"), "c.json: the key model_type is missing");
}

TEST(ConfigJson, EveryKeyOfTheReleasedFilesIsInTheTable) {
  const std::vector<KeyRow> table = config_key_table();
  const auto row = [&](const std::string& name) {
    return std::find_if(table.begin(), table.end(),
                        [&](const KeyRow& r) { return r.name == name; });
  };
  for (const char* model : {"v2-lite", "v2", "v3"}) {
    const std::string path = std::string(SEEKLING_MODELS) + "/" + model + ".json";
    const auto released = parse_json(read_file(path), path);
    EXPECT_GE(released.size(), 42u) << model;
    for (const auto& [name, value] : released.items())
      EXPECT_TRUE(row(name) != table.end()) << model << " " << name;
    EXPECT_NO_THROW(read_config(path)) << model;
  }
  for (const char* early : {"aux_loss_alpha", "seq_aux", "pretraining_tp"})  // as in V3's first
    EXPECT_TRUE(row(early) != table.end()) << early;
  std::set<std::string> names;
  for (const KeyRow& r : table)
    EXPECT_TRUE(names.insert(r.name).second) << r.name << " has two rows";
}

namespace {

// What the released files say about a key: once if they agree, with a dash
// where one has not the key.
std::string released_values(const std::string& key) {
  std::vector<std::string> values;
  for (const char* model : {"v2-lite", "v2", "v3"}) {
    const std::string path = std::string(SEEKLING_MODELS) + "/" + model + ".json";
    const auto released = parse_json(read_file(path), path);
    if (!released.contains(key)) values.push_back("–");
    else if (released[key].is_structured())
      values.push_back(released[key].is_array() ? "a list" : "an object");
    else values.push_back(released[key].dump());
  }
  if (values[0] == values[1] && values[1] == values[2]) return values[0];
  return values[0] + ", " + values[1] + ", " + values[2];
}

std::string document_row(const KeyRow& r) {
  const std::string becomes = r.treatment == Treatment::kHonoured ? "honoured"
                              : r.treatment == Treatment::kOneValue
                                  ? "refused unless `" + r.note + "`"
                                  : "without effect: " + r.note;
  return "| `" + r.name + "` | " + released_values(r.name) + " | " + becomes + " |\n";
}

}  // namespace

TEST(ConfigJson, TheDocumentHasTheTableOfTheCode) {
  const std::string document =
      read_file(std::string(SEEKLING_MODELS) + "/../../src/interop/README.md");
  std::string table;
  for (const KeyRow& r : config_key_table()) table += document_row(r);
  EXPECT_NE(document.find("| --- | --- | --- |\n" + table + "\n"), std::string::npos)
      << "src/interop/README.md must have these rows, and no other:\n"
      << table;
}

TEST(ConfigJson, TreatsEveryKeyAsTheTableSays) {
  for (const KeyRow& r : config_key_table()) {
    if (r.treatment == Treatment::kHonoured) continue;
    if (r.treatment == Treatment::kWithoutEffect) {
      EXPECT_EQ(config_json(with(", \"" + r.name + "\": 12345")), config_json(with(""))) << r.name;
      continue;
    }
    EXPECT_EQ(config_json(with(", \"" + r.name + "\": " + r.note)), config_json(with("")))
        << r.name;
    EXPECT_ERROR(
        with(", \"" + r.name + "\": \"other\""),
        text("c.json: ", r.name, " is \"other\", and Seekling knows only ", r.note).c_str());
  }
}

TEST(ConfigJson, HonoursEachHonouredKey) {  // another value gives another config
  const std::map<std::string, std::string> other = {
      {"model_type", "\"seekling\""},
      {"architectures", "[\"DeepseekV2ForCausalLM\"]"},
      {"vocab_size", "10"},
      {"rope_scaling", R"({"type": "yarn", "factor": 2, "original_max_position_embeddings": 8})"},
      {"rope_parameters",
       R"({"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 8})"},
      {"num_attention_heads", "4"},
      {"topk_method", "\"group_limited_greedy\""},
      {"norm_topk_prob", "true"},
      {"tie_word_embeddings", "true"},
      {"seq_aux", "false"},
      {"n_group", "2"},
      {"topk_group", "2"}};
  for (const KeyRow& r : config_key_table()) {
    if (r.treatment != Treatment::kHonoured || r.name == "architectures" ||
        r.name == "num_key_value_heads")
      continue;
    if (r.name == "scoring_func" || r.name == "norm_topk_prob") continue;  // V2 has one value
    auto j = parse_json("{" + kSmall + "}", "small");
    j["n_group"] = r.name == "topk_group" ? 2 : 1;
    const std::string before = config_json(config_from_json(j.dump(), "c.json"));
    const auto given = other.find(r.name);
    j[r.name] = parse_json(given != other.end() ? given->second : "6", "other");
    EXPECT_NE(config_json(config_from_json(j.dump(), "c.json")), before) << r.name;
  }
}

TEST(ConfigJson, RefusesArchitecturesThatItDoesNotKnow) {
  EXPECT_ERROR(with(R"(, "architectures": ["LlamaForCausalLM"])"),
               "c.json: architectures is [\"LlamaForCausalLM\"], expected "
               "[\"DeepseekV2ForCausalLM\"] with the model_type "
               "\"deepseek_v2\"");
  EXPECT_ERROR(
      config_from_json(
          R"({"model_type": "deepseek_v32", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2,
                                    "num_attention_heads": 2})",
          "c.json"),
      "c.json: model_type is \"deepseek_v32\", expected one of "
      "[\"deepseek_v2\",\"deepseek_v3\",\"seekling\"]");
}

TEST(ConfigJson, RefusesWhatHuggingFacesClassWouldComputeOtherwise) {
  EXPECT_ERROR(with(R"(, "topk_method": "noaux_tc")"),
               "c.json: topk_method is \"noaux_tc\" with model_type \"deepseek_v2\", whose class "
               "has greedy or "
               "group_limited_greedy; set model_type to deepseek_v3 or seekling");
  EXPECT_ERROR(with(R"(, "scoring_func": "sigmoid")"),
               "c.json: scoring_func is \"sigmoid\" with model_type \"deepseek_v2\", whose class "
               "has softmax; set model_type to "
               "seekling");
  EXPECT_ERROR(with(R"(, "norm_topk_prob": true)"),
               "c.json: norm_topk_prob is true with model_type \"deepseek_v2\": Hugging Face's "
               "class ignores it and DeepSeek's "
               "does not scale then; set it to false, or model_type to seekling");
  EXPECT_ERROR(with(R"(, "num_key_value_heads": 1)"),
               "c.json: num_key_value_heads is 1, but MLA has a key for each of its 2 heads");
}

TEST(ConfigJson, RefusesRotarySettingsThatAreUnclear) {
  EXPECT_ERROR(with(R"(, "rope_scaling": {"factor": 8})"),
               "c.json: rope_scaling has the key factor, which has no meaning for the rope type "
               "\"default\"");
  EXPECT_ERROR(with(R"(, "rope_scaling": {"type": "yarn", "factor": 8})"),
               "c.json: rope_scaling is YaRN, but has no original_max_position_embeddings");
  EXPECT_ERROR(with(R"(, "rope_scaling": {"type": "linear", "factor": 8})"),
               "c.json: the rope type is \"linear\", expected \"default\" or \"yarn\"");
  EXPECT_ERROR(
      with(R"(, "rope_theta": 5, "rope_parameters": {"rope_theta": 6, "rope_type": "default"})"),
      "c.json: rope_theta is 5, but 6 in rope_parameters; remove one of them");
  EXPECT_ERROR(
      with(
          R"(, "rope_scaling": {"type": "yarn", "factor": 8, "original_max_position_embeddings": 1e300})"),
      "c.json: original_max_position_embeddings is 1e+300, expected a number of tokens");
}

TEST(ConfigJson, RefusesSizesThatNoMachineHolds) {
  EXPECT_ERROR(with(R"(, "moe_intermediate_size": 2000000000)"),
               "c.json: moe_intermediate_size is 2000000000, expected at most 1000000000");
  EXPECT_ERROR(with(R"(, "moe_intermediate_size": 1000000000, "n_routed_experts": 1000000000)"),
               "c.json: describes a model of about 4.8e+19 parameters; the file is damaged");
}

TEST(ConfigJson, WritesNoNullThatHuggingFacesClassesDivideBy) {
  const std::string written = config_json(with(R"(, "n_group": null, "topk_group": null)"));
  EXPECT_NE(written.find("\"n_group\": 1,"), std::string::npos) << written;
  EXPECT_NE(written.find("\"topk_group\": 1,"), std::string::npos) << written;
}

TEST(ConfigJson, SaysWhichFloatsTheWeightsHave) {
  EXPECT_NE(config_json(Config{}, "bfloat16").find("\"torch_dtype\": \"bfloat16\""),
            std::string::npos);
}

TEST(ConfigJson, EveryKeyThatCanBeSetHasAHelpTextOfItsOwn) {
  std::set<std::string> helps;
  for (const ConfigKey& key : config_keys()) {
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_TRUE(helps.insert(key.help).second) << key.name;
  }
  EXPECT_GT(helps.size(), 30u);
}

TEST(ConfigJson, SetsOneKeyByItsName) {
  Config c;
  set_config_key(c, "kv_lora_rank", "12");
  set_config_key(c, "topk_method", "noaux_tc");
  EXPECT_EQ(c.kv_lora_rank, 12);
  EXPECT_EQ(c.topk_method, "noaux_tc");
  EXPECT_ERROR(set_config_key(c, "kv_rank", "12"),
               "--set: kv_rank is not a key of config.json that Seekling knows");
}

}  // namespace seekling
