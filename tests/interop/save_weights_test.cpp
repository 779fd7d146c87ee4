#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/half.h"
#include "gradcheck.h"
#include "interop/checkpoint.h"
#include "interop/fused_experts.h"
#include "refusal.h"
#include "system/file.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

Config small_v3() {
  Config c;
  c.vocab_size = 11, c.hidden_size = 8, c.num_hidden_layers = 2, c.num_attention_heads = 2,
  c.kv_lora_rank = 3;
  c.qk_nope_head_dim = 2, c.qk_rope_head_dim = 2, c.v_head_dim = 3, c.intermediate_size = 7,
  c.moe_intermediate_size = 4;
  c.n_routed_experts = 4, c.num_experts_per_tok = 2, c.initializer_range = 0.5,
  c.num_nextn_predict_layers = 1;
  c.model_type = "deepseek_v3", c.topk_method = "noaux_tc", c.scoring_func = "sigmoid",
  c.norm_topk_prob = true;
  return c;
}

class SaveWeights : public testing::Test {
 protected:
  SaveWeights() : model(small_v3()) {
    fs::remove_all(folder);
    fs::create_directories(folder);
    model.initialise(80);
    for (const auto& [name, p] : named_parameters(model))
      if (is_correction_bias(name)) p.data()[1] = real(0.001);  // which BF16 would not hold
  }
  ~SaveWeights() override { fs::remove_all(folder); }

  // What `convert` makes of every parameter is what the folder holds.
  template <class Convert>
  void expect_loaded(Convert convert) const {
    const Transformer loaded(small_v3());
    load_weights(folder, loaded);
    const NamedTensors a = named_parameters(model), b = named_parameters(loaded);
    for (std::size_t i = 0; i < a.size(); ++i)
      for (Index j = 0; j < a[i].second.size(); ++j) {
        const real x = a[i].second.data()[j];
        ASSERT_EQ(b[i].second.data()[j],
                  is_correction_bias(a[i].first) ? x : real(convert(float(x))))
            << a[i].first;
      }
  }
  std::string refusal_to_load() const {
    return refusal([&] { load_weights(folder, Transformer(small_v3())); });
  }

  const fs::path folder =
      fs::path(testing::TempDir()) /
      ("save_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
  const Transformer model;
};

}  // namespace

TEST_F(SaveWeights, InFloat) {
  save_weights(folder, model);
  EXPECT_EQ(mtp_modules_in(folder, small_v3()), 1);
  expect_loaded([](float x) { return x; });
}

TEST_F(SaveWeights, InBf16WithTheBiasesInFloat) {
  save_weights(folder, model, {.dtype = "BF16"});
  expect_loaded([](float x) { return from_bf16(to_bf16(x)); });
  const SafetensorsFile file(folder / "model.safetensors");
  EXPECT_EQ(file.entries().at("lm_head.weight").dtype, "BF16");
  EXPECT_EQ(file.entries().at("model.layers.1.mlp.gate.e_score_correction_bias").dtype, "F32");
}

TEST_F(SaveWeights, InF16UnlessANumberIsTooLarge) {
  save_weights(folder, model, {.dtype = "F16"});
  expect_loaded([](float x) { return from_half(to_half(x)); });
  model.norm.weight.data()[3] = 70000;
  EXPECT_ERROR(save_weights(folder, model, {.dtype = "F16"}),
               "tensor model.norm.weight has a value too large for F16, which holds 65504 at "
               "most; write it as BF16 or F32");
}

TEST_F(SaveWeights, InShardsThatTheIndexLists) {
  save_weights(folder, model, {.dtype = "F32", .largest_shard = 1500});
  expect_loaded([](float x) { return x; });
  const auto index = parse_json(read_file(folder / "model.safetensors.index.json"), "index");
  std::size_t files = 0, bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    ++files;
    const SafetensorsFile shard(entry.path());
    std::size_t in_shard = 0;
    for (const auto& [name, e] : shard.entries()) {
      EXPECT_EQ(index["weight_map"][name], entry.path().filename().string());
      in_shard += e.end - e.begin;
    }
    EXPECT_TRUE(in_shard <= 1500 || shard.entries().size() == 1);
    bytes += in_shard;
  }
  EXPECT_GT(files, 3u);
  EXPECT_EQ(index["metadata"]["total_size"], bytes);
  EXPECT_TRUE(fs::exists(folder / text("model-00001-of-0000", files, ".safetensors"))) << files;
}

TEST_F(SaveWeights, ReleasedCopiesOfTheTablesMustBeCopies) {
  NamedTensors all = named_parameters(model);
  all.emplace_back("model.layers.2.embed_tokens.weight", model.embed_tokens);
  all.emplace_back("model.layers.2.shared_head.head.weight", model.lm_head);
  write_safetensors(folder / "model.safetensors", all);
  expect_loaded([](float x) { return x; });
  all.back().second = model.embed_tokens;
  write_safetensors(folder / "model.safetensors", all);
  EXPECT_EQ(refusal_to_load(), (folder / "model.safetensors").string() +
                                   ": tensor model.layers.2.shared_head.head.weight differs from "
                                   "the model's own table, which Seekling uses in its place");
}

TEST_F(SaveWeights, AModuleThatIsMissingIsRefusedWithAWayOut) {
  NamedTensors all = named_parameters(model);
  std::erase_if(all, [](const auto& t) { return t.first.starts_with("model.layers.2."); });
  write_safetensors(folder / "model.safetensors", all);
  EXPECT_EQ(mtp_modules_in(folder, small_v3()), 0);
  EXPECT_NE(refusal_to_load().find("; if these weights have no multi-token prediction modules, set "
                                   "num_nextn_predict_layers to 0"),
            std::string::npos)
      << refusal_to_load();
}

TEST_F(SaveWeights, AModuleTooManyIsLeftUnread) {
  save_weights(folder, model);
  Config without = small_v3();
  without.num_nextn_predict_layers = 0;
  const Transformer loaded(without);
  load_weights(folder, loaded);
  EXPECT_EQ(loaded.lm_head.view().matrix(), model.lm_head.view().matrix());
}

TEST_F(SaveWeights, TheExpertsOfALayerMayBeTwoTensors) {
  const NamedTensors all = with_fused_experts(model);
  const auto fused = [](const auto& t) { return t.first.ends_with(".experts.gate_up_proj"); };
  EXPECT_EQ(std::count_if(all.begin(), all.end(), fused), 2);  // of layer 1 and of the module
  write_safetensors(folder / "model.safetensors", all);
  expect_loaded([](float x) { return x; });
}

TEST_F(SaveWeights, ALayerTooManyIsRefused) {
  save_weights(folder, model);
  Config shorter = small_v3();
  shorter.num_hidden_layers = 1, shorter.num_nextn_predict_layers = 0;
  EXPECT_NE(refusal([&] {
              load_weights(folder, Transformer(shorter));
            }).find(": has the tensor model.layers.1."),
            std::string::npos);
}

TEST_F(SaveWeights, AnIndexThatWasLeftBesideTheWholeFileIsNotRead) {
  save_weights(folder, model);
  write_file(folder / "model.safetensors.index.json",
             R"({"weight_map": {"lm_head.weight": "model-00001-of-00001.safetensors"}})");
  expect_loaded([](float x) { return x; });
}

TEST_F(SaveWeights, ANumberThatIsNotFiniteIsRefused) {
  model.norm.weight.data()[0] = std::numeric_limits<real>::quiet_NaN();
  save_weights(folder, model);
  EXPECT_EQ(refusal_to_load(), (folder / "model.safetensors").string() +
                                   ": tensor model.norm.weight has a value that is not finite; the "
                                   "file is damaged, or its training failed");
}

// As DeepSeek-V3 was released: 8-bit weights, and a factor for each block of 128 x 128.
TEST_F(SaveWeights, EightBitWeightsAreScaledByTheirBlocks) {
  const Index rows = 130, cols = 3;
  const std::string header =
      text(R"({"w":{"dtype":"F8_E4M3","shape":[130,3],"data_offsets":[0,390]},)",
           R"("w_scale_inv":{"dtype":"F32","shape":[2,1],"data_offsets":[390,398]}})");
  const auto write = [&](const std::string& head, const std::string& data) {
    const std::uint64_t length = head.size();
    write_file(folder / "model.safetensors",
               std::string(reinterpret_cast<const char*>(&length), 8) + head + data);
  };
  const float scale[] = {2, 0.5};
  const std::string ones(std::size_t(rows * cols), '\x38');
  write(header, ones + std::string(reinterpret_cast<const char*>(scale), 8));
  const Tensor w({rows, cols});
  load_tensors(folder, {{"w", w}});
  EXPECT_EQ(w.view()(0, 0), 2);
  EXPECT_EQ(w.view()(127, 2), 2);
  EXPECT_EQ(w.view()(128, 0), real(0.5));
  write(R"({"w":{"dtype":"F8_E4M3","shape":[130,3],"data_offsets":[0,390]}})", ones);
  EXPECT_ERROR(load_tensors(folder, {{"w", w}}),
               ((folder / "model.safetensors").string() + ": tensor w has dtype F8_E4M3, but "
                                                          "w_scale_inv is missing")
                   .c_str());
}

}  // namespace seekling
