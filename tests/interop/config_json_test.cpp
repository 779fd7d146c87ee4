#include "interop/config_json.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "gradcheck.h"
#include "interop/file.h"

namespace seekling {

namespace {

const std::string kSmall = R"("model_type": "deepseek_v2", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2,
                              "num_attention_heads": 2)";

Config with(const std::string& more) { return config_from_json("{" + kSmall + more + "}", "c.json"); }

}  // namespace

TEST(ConfigJson, ReadsBothStylesOfRotarySettings) {
  const std::string yarn = R"("factor": 8, "original_max_position_embeddings": 64, "mscale": 0.7, "mscale_all_dim": 1)";
  const Config released = with(R"(, "rope_theta": 500, "rope_scaling": {"type": "yarn", )" + yarn + "}");
  const Config hf5 = with(R"(, "rope_parameters": {"rope_theta": 500, "rope_type": "yarn", )" + yarn + "}");
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
               "c.json: has the key sliding_window, which Seekling does not know; if it changes nothing, remove it");
  EXPECT_ERROR(with(R"(, "hidden_act": "gelu")"), "c.json: hidden_act is \"gelu\", and Seekling knows only \"silu\"");
  EXPECT_ERROR(with(R"(, "topk_method": "best")"),
               "c.json: topk_method is \"best\", expected one of [\"greedy\",\"group_limited_greedy\",\"noaux_tc\"]");
  EXPECT_ERROR(with(R"(, "kv_lora_rank": "many")"), "c.json: kv_lora_rank is \"many\", expected an integer");
  EXPECT_ERROR(with(R"(, "num_experts_per_tok": 99)"),
               "c.json: num_experts_per_tok is 99, but only 16 experts can be chosen from");
  EXPECT_ERROR(config_from_json("{}", "c.json"), "c.json: the key model_type is missing");
}

TEST(ConfigJson, SetsOneKeyByItsName) {
  Config c;
  set_config_key(c, "kv_lora_rank", "12");
  set_config_key(c, "topk_method", "noaux_tc");
  EXPECT_EQ(c.kv_lora_rank, 12);
  EXPECT_EQ(c.topk_method, "noaux_tc");
  EXPECT_ERROR(set_config_key(c, "kv_rank", "12"), "--set: kv_rank is not a key of config.json that Seekling knows");
}

}  // namespace seekling
