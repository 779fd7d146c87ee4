// config.json of DeepSeek-V3.2.
#include <nlohmann/json.hpp>

#include "interop/config_json.h"
#include "refusal.h"
#include "system/file.h"

namespace seekling {

TEST(ConfigJson, V32IsV3WithAnIndexer) {
  nlohmann::json j = {{"model_type", "deepseek_v32"},
                      {"architectures", {"DeepseekV32ForCausalLM"}},
                      {"vocab_size", 9},
                      {"hidden_size", 8},
                      {"num_hidden_layers", 2},
                      {"num_attention_heads", 2}};
  j["q_lora_rank"] = 8, j["first_k_dense_replace"] = 1, j["qk_rope_head_dim"] = 8;
  j["layer_types"] = {"indexed_attention", "indexed_attention"};
  j["mlp_layer_types"] = {"dense", "sparse"};
  const Config absent = config_from_json(j.dump(), "c.json");
  EXPECT_EQ(absent.index_n_heads, 64);
  EXPECT_EQ(absent.index_head_dim, 128);
  EXPECT_EQ(absent.index_topk, 2048);
  EXPECT_EQ(absent.max_position_embeddings, 163840);
  EXPECT_EQ(absent.scoring_func, "sigmoid");

  j["index_topk"] = 64, j["index_n_heads"] = 4, j["index_head_dim"] = 32;
  const Config c = config_from_json(j.dump(), "c.json");
  const auto again = parse_json(config_json(c), "written");
  for (const char* key :
       {"model_type", "architectures", "index_topk", "index_n_heads", "index_head_dim"})
    EXPECT_EQ(again[key], j[key]) << key;
  EXPECT_EQ(config_json(config_from_json(again.dump(), "c.json")), config_json(c));

  const auto with_key = [&](const char* key, const nlohmann::json& value) {
    auto changed = j;
    changed[key] = value;
    return refusal([&] { config_from_json(changed.dump(), "c.json"); });
  };
  EXPECT_EQ(with_key("mlp_layer_types", {"sparse", "sparse"}),
            "c.json: has the key mlp_layer_types, which Seekling does not know; if it changes "
            "nothing, remove it");
  EXPECT_EQ(with_key("index_topk", "64"), "c.json: index_topk is \"64\", expected an integer");
  EXPECT_EQ(with_key("index_topk", 0), "c.json: index_topk is 0, expected at least 1");
  EXPECT_EQ(with_key("index_head_dim", 1),
            text("c.json: index_head_dim is 1, expected at least qk_rope_head_dim ",
                 c.qk_rope_head_dim, ": the indexer turns so many of its dimensions"));
  EXPECT_EQ(with_key("q_lora_rank", nullptr),
            "c.json: q_lora_rank is null with model_type \"deepseek_v32\", expected a width: the "
            "indexer reads the latent of the queries");
}

}  // namespace seekling
