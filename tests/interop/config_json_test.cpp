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
                              "num_attention_heads": 2, "num_experts_per_tok": 4)";

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
               "c.json: hidden_act is \"gelu\", and Seekling supports only \"silu\"");
  EXPECT_ERROR(with(R"(, "topk_method": "best")"),
               "c.json: topk_method is \"best\", expected one of "
               "[\"greedy\",\"group_limited_greedy\",\"noaux_tc\"]");
  EXPECT_ERROR(with(R"(, "kv_lora_rank": "many")"),
               "c.json: kv_lora_rank is \"many\", expected an integer");
  EXPECT_ERROR(with(R"(, "num_experts_per_tok": 99)"),
               "c.json: num_experts_per_tok is 99, but only 64 experts can be chosen from");
  EXPECT_ERROR(config_from_json("{}", "c.json"), "c.json: the key model_type is missing");
}

TEST(ConfigJson, EveryKeyOfTheReleasedFilesIsInTheTable) {
  const std::vector<KeyRow> table = config_key_table();
  const auto row = [&](const std::string& name) {
    return std::find_if(table.begin(), table.end(),
                        [&](const KeyRow& r) { return r.name == name; });
  };
  for (const char* model : {"v2-lite", "v2", "v3", "v3.2"}) {
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
  for (const char* model : {"v2-lite", "v2", "v3", "v3.2"}) {
    const std::string path = std::string(SEEKLING_MODELS) + "/" + model + ".json";
    const auto released = parse_json(read_file(path), path);
    if (!released.contains(key)) values.push_back("–");
    else if (released[key].is_structured())
      values.push_back(released[key].is_array() ? "a list" : "an object");
    else values.push_back(released[key].dump());
  }
  if (std::ranges::all_of(values, [&](const auto& v) { return v == values[0]; })) return values[0];
  return values[0] + ", " + values[1] + ", " + values[2] + ", " + values[3];
}

std::string document_row(const KeyRow& r) {
  const std::string becomes = r.treatment == Treatment::kHonoured ? "honoured"
                              : r.treatment == Treatment::kOneValue
                                  ? "refused unless `" + r.note + "`"
                              : r.treatment == Treatment::kOtherName ? "read as `" + r.note + "`"
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
    if (r.treatment == Treatment::kHonoured || r.treatment == Treatment::kOtherName) continue;
    if (r.treatment == Treatment::kWithoutEffect) {
      EXPECT_EQ(config_json(with(", \"" + r.name + "\": 12345")), config_json(with(""))) << r.name;
      continue;
    }
    EXPECT_EQ(config_json(with(", \"" + r.name + "\": " + r.note)), config_json(with("")))
        << r.name;
    EXPECT_ERROR(
        with(", \"" + r.name + "\": \"other\""),
        text("c.json: ", r.name, " is \"other\", and Seekling supports only ", r.note).c_str());
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
      {"topk_group", "2"},
      {"index_head_dim", "66"}};
  for (const KeyRow& r : config_key_table()) {
    if ((r.treatment != Treatment::kHonoured && r.treatment != Treatment::kOtherName) ||
        r.name == "architectures" || r.name == "quantization_config" ||
        r.name == "num_key_value_heads")
      continue;
    if (r.name == "scoring_func" || r.name == "norm_topk_prob") continue;  // V2 has one value
    auto j = parse_json("{" + kSmall + "}", "small");
    j["n_group"] = r.name == "topk_group" ? 2 : 1;
    if (r.name.starts_with("index_")) j["model_type"] = "deepseek_v32", j["n_group"] = 8;
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
  const auto of_type = [](const std::string& type) {
    return refusal([&] { config_from_json("{\"model_type\": " + type + "}", "c.json"); });
  };
  const std::string opened = "it opens deepseek_v2, deepseek_v3, deepseek_v32 and kimi_k2";
  EXPECT_EQ(of_type("\"deepseek_v4\""),
            "c.json: model_type is \"deepseek_v4\": Seekling cannot run hyper-connections, "
            "compressed sparse attention and routing by token yet; " +
                opened);
  EXPECT_EQ(of_type("\"glm_moe_dsa\""),
            "c.json: model_type is \"glm_moe_dsa\": Seekling cannot run "
            "sparse attention yet; " +
                opened);
  EXPECT_EQ(of_type("\"deepseek_vl_v2\""),
            "c.json: model_type is \"deepseek_vl_v2\": Seekling cannot "
            "run models of images and text yet; " +
                opened);
  EXPECT_EQ(of_type("\"gpt2\""),
            "c.json: model_type is \"gpt2\", which Seekling does not know; " + opened);
  EXPECT_EQ(of_type("null"), "c.json: model_type is null, which Seekling does not know; " + opened);
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
  EXPECT_ERROR(with(R"(, "rope_scaling": {"type": "yarn"})"),
               "c.json: rope_scaling is YaRN, but has no factor");
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

// Sizes that are few numbers in the file, but many tensors or angles in the model.
TEST(ConfigJson, RefusesMoreLayersExpertsAndAnglesThanAnyModelHas) {
  EXPECT_ERROR(with(R"(, "num_nextn_predict_layers": 1001)"),
               "c.json: has 2 layers and 1001 for multi-token prediction, expected at most 1000");
  EXPECT_ERROR(with(R"(, "n_routed_experts": 100001, "moe_intermediate_size": 1)"),
               "c.json: has 2 layers of 100001 experts, expected at most 100000 experts in all "
               "layers together");
  EXPECT_ERROR(with(R"(, "qk_rope_head_dim": 4098)"),
               "c.json: qk_rope_head_dim is 4098, expected at most 4096");
  EXPECT_ERROR(with(R"(, "model_type": "seekling", "attention": "gqa", "head_dim": 4098)"),
               "c.json: head_dim is 4098, expected at most 4096");
  EXPECT_EQ(with(R"(, "num_hidden_layers": 1000, "num_nextn_predict_layers": 1000,
                       "n_routed_experts": 50, "qk_rope_head_dim": 4096)")
                .num_hidden_layers,
            1000);
}

TEST(ConfigJson, WritesNoNullThatHuggingFacesClassesDivideBy) {
  const std::string written = config_json(with(R"(, "n_group": null, "topk_group": null)"));
  EXPECT_NE(written.find("\"n_group\": 1,"), std::string::npos) << written;
  EXPECT_NE(written.find("\"topk_group\": 1,"), std::string::npos) << written;
}

// What transformers 5.24.0 prints for
//   python -c "from transformers import *; print(DeepseekV2Config(), DeepseekV3Config())"
// of the keys that are honoured, without the five that every config.json must have and with the
// key that V2's class has no number for.
TEST(ConfigJson, AKeyThatIsLeftOutHasTheValueOfTheClass) {
  const std::string v2 = R"({"intermediate_size": 11008,
      "max_position_embeddings": 2048, "initializer_range": 0.02, "rms_norm_eps": 1e-06,
      "bos_token_id": 1, "eos_token_id": 2, "tie_word_embeddings": false,
      "first_k_dense_replace": 0, "kv_lora_rank": 512, "q_lora_rank": 1536, "n_group": 1,
      "n_routed_experts": 64, "n_shared_experts": 2, "qk_nope_head_dim": 128,
      "qk_rope_head_dim": 64, "routed_scaling_factor": 1.0, "topk_group": 1,
      "topk_method": "greedy", "norm_topk_prob": false, "v_head_dim": 128,
      "moe_intermediate_size": 1407, "rope_theta": 10000.0})";
  const std::string v3 = R"({"intermediate_size": 18432,
      "max_position_embeddings": 4096, "initializer_range": 0.02, "rms_norm_eps": 1e-06,
      "bos_token_id": 0, "eos_token_id": 1, "tie_word_embeddings": false,
      "first_k_dense_replace": 3, "kv_lora_rank": 512, "q_lora_rank": 1536, "n_group": 8,
      "n_routed_experts": 256, "n_shared_experts": 1, "qk_nope_head_dim": 128,
      "qk_rope_head_dim": 64, "routed_scaling_factor": 2.5, "topk_group": 4,
      "num_experts_per_tok": 8, "norm_topk_prob": true, "v_head_dim": 128,
      "moe_intermediate_size": 2048, "rope_theta": 10000.0, "num_nextn_predict_layers": 1})";
  for (const auto& [type, defaults] : {std::pair{"deepseek_v2", v2}, {"deepseek_v3", v3}}) {
    auto given = parse_json("{" + kSmall + "}", "small");
    given["model_type"] = type;
    if (type == std::string("deepseek_v3")) given.erase("num_experts_per_tok");
    const auto found = parse_json(config_json(config_from_json(given.dump(), "c.json")), "written");
    const auto expected = parse_json(defaults, "defaults");
    for (const auto& [key, value] : expected.items())
      EXPECT_EQ(found[key], value) << type << " " << key;
  }
}

TEST(ConfigJson, AKeyWithoutADefaultIsMissing) {
  const std::string v2 =
      R"({"model_type": "deepseek_v2", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2,
          "num_attention_heads": 2)";
  EXPECT_ERROR(config_from_json(v2 + "}", "c.json"),
               "c.json: the key num_experts_per_tok is missing");
  EXPECT_EQ(config_from_json(v2 + R"(, "first_k_dense_replace": 2})", "c.json").hidden_size, 8);
}

TEST(ConfigJson, ReadsNullAsTransformersDoes) {
  const std::string whole = config_json(with(""));
  for (const char* key :
       {"num_key_value_heads", "head_dim", "n_group", "topk_group", "norm_topk_prob",
        "rope_scaling", "rope_parameters", "mlp_bias", "attention_dropout", "quantization_config",
        "pretraining_tp", "moe_layer_freq", "scoring_func", "aux_loss_alpha", "seq_aux",
        "num_nextn_predict_layers", "rope_interleave"})
    EXPECT_EQ(config_json(with(text(", \"", key, "\": null"))), whole) << key;
  EXPECT_EQ(config_json(with(R"(, "sliding_window": null)")), whole);  // unknown, and not set
  EXPECT_EQ(with(R"(, "q_lora_rank": null)").q_lora_rank, 0);
  EXPECT_EQ(with(R"(, "eos_token_id": null)").eos_token_id, -1);
  auto v3 = parse_json("{" + kSmall + "}", "small");
  v3["model_type"] = "deepseek_v3";
  v3["norm_topk_prob"] = nullptr;
  EXPECT_FALSE(config_from_json(v3.dump(), "c.json").norm_topk_prob);
  v3["topk_method"] = nullptr;
  EXPECT_EQ(config_from_json(v3.dump(), "c.json").topk_method, "noaux_tc");
  v3["rope_interleave"] = nullptr;  // false, to V3's class
  EXPECT_ERROR(config_from_json(v3.dump(), "c.json"),
               "c.json: rope_interleave is null, and Seekling supports only true");
  EXPECT_ERROR(with(R"(, "hidden_act": null)"),
               "c.json: hidden_act is null, and Seekling supports only \"silu\"");
  EXPECT_ERROR(with(R"(, "kv_lora_rank": null)"),
               "c.json: kv_lora_rank is null, expected an integer");
}

TEST(ConfigJson, NamesAllUnknownKeysAtOnce) {
  EXPECT_ERROR(with(R"(, "sliding_window": 4, "layer_types": [], "qk_norm": true)"),
               "c.json: has the keys layer_types, qk_norm and sliding_window, which Seekling does "
               "not know; if they change nothing, remove them");
  EXPECT_ERROR(
      with(R"(, "rope_scaling": {"type": "yarn", "factor": 2, "truncate": false, "long": 1})"),
      "c.json: rope_scaling has the keys long and truncate, which Seekling does not know; if they "
      "change nothing, remove them");
}

TEST(ConfigJson, ReadsTheOtherNamesOfTransformers5) {
  EXPECT_EQ(with(R"(, "num_experts": 32)").n_routed_experts, 32);
  EXPECT_EQ(with(R"(, "num_mtp_layers": 2)").num_nextn_predict_layers, 2);
  EXPECT_ERROR(
      with(R"(, "num_experts": 32, "n_routed_experts": 8)"),
      "c.json: num_experts is 32, but n_routed_experts, another name of the same key, is not; "
      "remove one of them");
}

TEST(ConfigJson, KimiK2IsV3ByAnotherName) {
  auto j = parse_json("{" + kSmall + "}", "small");
  j["model_type"] = "kimi_k2";
  j["architectures"] = {"DeepseekV3ForCausalLM"};
  EXPECT_EQ(config_from_json(j.dump(), "c.json").model_type, "deepseek_v3");
}

TEST(ConfigJson, ATextMayHaveSeveralEnds) {
  const Config c = with(R"(, "eos_token_id": [1, 7, 5])");
  EXPECT_EQ(c.eos_token_id, 1);
  EXPECT_EQ(c.more_eos_token_ids, (std::vector<Index>{7, 5}));
  EXPECT_EQ(parse_json(config_json(c), "written")["eos_token_id"],
            nlohmann::json::array({1, 7, 5}));
  for (const char* bad : {"[]", "[1, null]", "[[1]]"})
    EXPECT_ERROR(with(text(", \"eos_token_id\": ", bad)),
                 text("c.json: eos_token_id is ", parse_json(bad, "bad").dump(),
                      ", expected an integer or a list of integers")
                     .c_str());
}

TEST(ConfigJson, YarnWithoutAnOriginalLengthHasTheModels) {
  const Config c = with(R"(, "max_position_embeddings": 512, "rope_scaling":
                            {"type": "yarn", "factor": 4, "beta_fast": null, "beta_slow": 0})");
  EXPECT_EQ(c.rope_scaling->original_max_position_embeddings, 512);
  EXPECT_EQ(c.rope_scaling->beta_fast, 32);
  EXPECT_EQ(c.rope_scaling->beta_slow, 1);
  const Config ratio = with(R"(, "max_position_embeddings": 512, "rope_scaling":
      {"type": "yarn", "factor": null, "original_max_position_embeddings": 128})");
  EXPECT_EQ(ratio.rope_scaling->factor, 4);
}

TEST(ConfigJson, KnowsTheBlocksOfV3AndOfV31) {
  const std::string whole = config_json(with(""));
  for (const char* blocks :
       {R"("fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128])",
        R"("fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128],
           "scale_fmt": "ue8m0")",
        R"("activation_scheme": "dynamic", "modules_to_not_convert": null,
           "weight_block_size": [128, 128])",
        R"("modules_to_not_convert": ["lm_head"])"})
    EXPECT_EQ(config_json(
                  with(text(R"(, "quantization_config": {"quant_method": "fp8", )", blocks, "}"))),
              whole)
        << blocks;
  EXPECT_ERROR(with(R"(, "quantization_config": {"quant_method": "awq", "bits": 4})"),
               "c.json: quantization_config has quant_method \"awq\", and Seekling supports only "
               "\"fp8\", as DeepSeek-V3 was released");
  EXPECT_ERROR(
      with(R"(, "quantization_config": {"quant_method": "fp8", "weight_block_size": [64, 64]})"),
      "c.json: quantization_config has weight_block_size [64,64], and Seekling supports only "
      "[128,128]");
  EXPECT_ERROR(with(R"(, "quantization_config": {"quant_method": "fp8", "bits": 8})"),
               "c.json: quantization_config has the key bits, which Seekling does not know; if it "
               "changes nothing, remove it");
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
