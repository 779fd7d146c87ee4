#include "interop/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/check.h"
#include "gradcheck.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

Config small(Index mtp = 0) {
  Config c;
  c.vocab_size = 11, c.hidden_size = 8, c.num_hidden_layers = 2, c.num_attention_heads = 2,
  c.kv_lora_rank = 4;
  c.qk_nope_head_dim = 4, c.qk_rope_head_dim = 2, c.v_head_dim = 4, c.intermediate_size = 12;
  c.moe_intermediate_size = 6, c.n_routed_experts = 2, c.num_experts_per_tok = 1,
  c.num_nextn_predict_layers = mtp;
  return c;
}

constexpr char kIndex[] = "model.safetensors.index.json";

}  // namespace

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest()
      : folder(fs::path(testing::TempDir()) / text("seekling_checkpoint_", test_name())) {
    fs::remove_all(folder);
    fs::create_directories(folder);
    saved.initialise(7);
  }
  ~CheckpointTest() override { fs::remove_all(folder); }

  static std::string test_name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }

  void write(const NamedTensors& tensors, const std::string& file = "model.safetensors") const {
    write_safetensors(folder / file, tensors);
  }
  std::string path(const std::string& file = "model.safetensors") const {
    return (folder / file).string();
  }

  void expect_refused(const std::string& sentence, const Config& config = small()) const {
    const Transformer model(config);
    EXPECT_ERROR(load_weights(folder, model), sentence.c_str());
  }
  void expect_loaded(const Config& config = small()) const {
    const Transformer model(config);
    load_weights(folder, model);
    const NamedTensors found = named_parameters(model), wanted = named_parameters(saved);
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_TRUE(found[i].second.view().matrix() == wanted[i].second.view().matrix())
          << wanted[i].first;
  }

  const Transformer saved{small()};
  const NamedTensors all = named_parameters(saved);
  const fs::path folder;
};

TEST_F(CheckpointTest, NamesAreThoseOfTheCheckpointAndNoneIsThereTwice) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : all) names.push_back(name);
  for (const char* expected :
       {"model.embed_tokens.weight", "model.layers.0.self_attn.kv_a_proj_with_mqa.weight",
        "model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.gate.weight",
        "model.layers.1.mlp.experts.1.down_proj.weight",
        "model.layers.1.mlp.shared_experts.gate_proj.weight", "model.norm.weight",
        "lm_head.weight"})
    EXPECT_EQ(std::count(names.begin(), names.end(), expected), 1) << expected;
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST_F(CheckpointTest, OneFileGivesBackEveryParameter) {
  write(all);
  expect_loaded();
}

TEST_F(CheckpointTest, TheOrderInTheFileDoesNotMatter) {
  write({all.rbegin(), all.rend()});
  expect_loaded();
}

TEST_F(CheckpointTest, AMissingTensorIsNamed) {
  NamedTensors some = all;
  std::erase_if(
      some, [](const auto& t) { return t.first == "model.layers.1.mlp.experts.1.up_proj.weight"; });
  write(some);
  expect_refused(folder.string() +
                 ": the tensor model.layers.1.mlp.experts.1.up_proj.weight is missing");
  std::erase_if(some, [](const auto& t) {
    return t.first == "lm_head.weight" || t.first == "model.norm.weight";
  });
  write(some);
  expect_refused(folder.string() + ": the tensor lm_head.weight is missing, and 2 more");
}

TEST_F(CheckpointTest, ASurplusTensorIsNamed) {
  NamedTensors more = all;
  more.emplace_back("model.layers.0.self_attn.q_proj.bias", Tensor::zeros({8}));
  write(more);
  expect_refused(path() +
                 ": has the tensor model.layers.0.self_attn.q_proj.bias, which a model with this "
                 "config.json does "
                 "not have");
}

TEST_F(CheckpointTest, EmptySharedExpertsOfAModelWithNoneAreNoSurplus) {  // saved by transformers
  Config none = small();
  none.n_shared_experts = 0;
  const Transformer model(none);
  NamedTensors more = named_parameters(model);
  more.emplace_back("model.layers.1.mlp.shared_experts.gate_proj.weight", Tensor({0, 8}));
  write(more);
  EXPECT_NO_THROW(load_weights(folder, model));
  more.back().second = Tensor::zeros({6, 8});
  write(more);
  expect_refused(path() +
                     ": has the tensor model.layers.1.mlp.shared_experts.gate_proj.weight, which a "
                     "model with this "
                     "config.json does not have",
                 none);
}

TEST_F(CheckpointTest, AWrongShapeIsNamed) {
  NamedTensors wrong = all;
  for (auto& [name, tensor] : wrong)
    if (name == "model.embed_tokens.weight") tensor = tensor.reshape({8, 11});
  write(wrong);
  expect_refused(path() + ": tensor model.embed_tokens.weight has shape [8, 11], expected [11, 8]");
}

TEST_F(CheckpointTest, IntegersAreNoWeights) {
  NamedTensors some = all;
  std::erase_if(some, [](const auto& t) { return t.first == "model.norm.weight"; });
  write_safetensors(folder / "model.safetensors", some,
                    {{"model.norm.weight", {8}, std::vector<std::int64_t>(8, 1)}});
  expect_refused(path() + ": tensor model.norm.weight has dtype I64, expected a floating type");
}

TEST_F(CheckpointTest, AFolderWithoutWeightsIsRefused) {
  const std::string neither =
      folder.string() + ": has neither model.safetensors nor model.safetensors.index.json";
  expect_refused(neither + ", so it holds no weights");
  write_file(folder / "pytorch_model.bin", "PK");
  expect_refused(neither +
                 "; its weights are in pytorch_model.bin, which Seekling does not read: save them "
                 "as safetensors");
}

class ShardsTest : public CheckpointTest {
 protected:
  // The first `n` tensors in a.safetensors, the others in b.safetensors.
  void write_shards(std::size_t n) const {
    const auto border = all.begin() + std::ptrdiff_t(n);
    write({all.begin(), border}, "a.safetensors");
    write({border, all.end()}, "b.safetensors");
    std::string map;
    for (std::size_t i = 0; i < all.size(); ++i)
      map += text(i ? "," : "", '"', all[i].first, "\":\"", i < n ? 'a' : 'b', ".safetensors\"");
    write_index("{\"metadata\":{},\"weight_map\":{" + map + "}}");
  }
  void write_index(const std::string& json) const { write_file(folder / kIndex, json); }
};

TEST_F(ShardsTest, GiveBackEveryParameter) {
  write_shards(5);
  expect_loaded();
}

TEST_F(ShardsTest, AMissingShardIsNamed) {
  write_shards(5);
  fs::remove(folder / "b.safetensors");
  const Transformer model(small());
  try {
    load_weights(folder, model);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_TRUE(std::string(e.what()).starts_with(path("b.safetensors") + ": ")) << e.what();
  }
}

TEST_F(ShardsTest, ATensorThatIsInNoShardIsNamed) {
  write_shards(5);
  write({all.begin() + 6, all.end()}, "b.safetensors");
  expect_refused(folder.string() + ": the tensor " + all[5].first + " is missing");
}

TEST_F(ShardsTest, ATensorThatIsInTwoShardsIsNamed) {
  write_shards(5);
  write({all.begin() + 4, all.end()}, "b.safetensors");
  expect_refused(path("b.safetensors") + ": has the tensor " + all[4].first +
                 ", which another shard has as well");
}

TEST_F(ShardsTest, AnIndexThatIsNoneIsRefused) {
  write_index("[]");
  expect_refused(path(kIndex) + ": has no weight_map, expected an index of safetensors shards");
  write_index(R"({"weight_map":{"lm_head.weight":"../elsewhere/a.safetensors"}})");
  expect_refused(
      path(kIndex) +
      ": tensor lm_head.weight is in \"../elsewhere/a.safetensors\", expected the name of a file "
      "in the same folder");
  write_index(R"({"weight_map":{"lm_head.weight":3}})");
  expect_refused(path(kIndex) +
                 ": tensor lm_head.weight is in 3, expected the name of a file in the same folder");
}

// A multi-token prediction module stands behind the last layer: model.layers.2 of two.
class PredictionModuleTest : public CheckpointTest {
 protected:
  void write_with(const std::string& name) const {
    NamedTensors more = all;
    more.emplace_back(name, Tensor::zeros({3}));
    write(more);
  }
};

TEST_F(PredictionModuleTest, MustBeWholeWhereTheConfigHasOne) {
  write_with("model.layers.2.eh_proj.weight");
  expect_refused(
      folder.string() + ": the tensor model.layers.2.enorm.weight is missing, and 19 more",
      small(/*mtp=*/1));
}

TEST_F(PredictionModuleTest, IsLeftUnreadWhereTheConfigHasNone) {
  write_with("model.layers.2.eh_proj.weight");
  expect_loaded();
}

TEST_F(PredictionModuleTest, OtherSurplusTensorsAreRefusedAllTheSame) {
  for (const char* name : {"model.layers.1.eh_proj.weight", "model.layers.x.weight",
                           "model.layers.22222222222222222222.w"}) {
    write_with(name);
    expect_refused(
        path() + ": has the tensor " + name + ", which a model with this config.json does not have",
        small(/*mtp=*/1));
  }
}

}  // namespace seekling
