#include "interop/gguf_checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "core/check.h"
#include "core/half.h"
#include "gradcheck.h"
#include "interop/checkpoint.h"
#include "interop/config_json.h"
#include "interop/gguf_config.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

Config v2() {  // no query compression, YaRN
  Config c;
  c.vocab_size = 37, c.hidden_size = 32, c.num_hidden_layers = 3,
  c.num_attention_heads = c.num_key_value_heads = 3;
  c.kv_lora_rank = 32, c.qk_nope_head_dim = 6, c.qk_rope_head_dim = 4, c.v_head_dim = 5,
  c.intermediate_size = 64;
  c.moe_intermediate_size = 32, c.n_routed_experts = 4, c.num_experts_per_tok = 2,
  c.routed_scaling_factor = 1.5;
  c.bos_token_id = c.eos_token_id = -1;  // a file without a tokenizer has none
  c.rope_scaling = RopeScaling{.factor = 4,
                               .original_max_position_embeddings = 64,
                               .mscale = 0.707,
                               .mscale_all_dim = 0.707};
  c.initializer_range = 0.3;
  return c;
}

Config v3() {
  Config c = v2();
  c.model_type = "deepseek_v3", c.topk_method = "noaux_tc", c.scoring_func = "sigmoid",
  c.norm_topk_prob = true;
  c.n_routed_experts = 8, c.n_group = 4, c.topk_group = 2, c.q_lora_rank = 32,
  c.num_nextn_predict_layers = 0;
  c.rope_scaling.reset(), c.tie_word_embeddings = true, c.first_k_dense_replace = 0;
  return c;
}

}  // namespace

class GgufCheckpoint : public testing::TestWithParam<Config (*)()> {
 protected:
  ~GgufCheckpoint() override { fs::remove(path); }

  static std::unique_ptr<Transformer> filled(const Config& c) {
    auto model = std::make_unique<Transformer>(c);
    model->initialise(3);
    for (const auto& [name, p] : named_parameters(*model))
      if (is_correction_bias(name)) p.data()[1] = real(0.001);  // which F16 would not hold
    return model;
  }
  std::unique_ptr<Transformer> through_a_file(const Transformer& model,
                                              const std::string& dtype) const {
    save_gguf(path, model, {.dtype = dtype});
    const GgufFile file(path);
    auto back = std::make_unique<Transformer>(gguf_config(file));
    load_gguf(file, *back);
    return back;
  }

  const fs::path path =
      fs::path(testing::TempDir()) / text("seekling_checkpoint_", ::getpid(), ".gguf");
};

INSTANTIATE_TEST_SUITE_P(Models, GgufCheckpoint, testing::Values(v2, v3),
                         [](const auto& p) { return p.param().model_type; });

TEST_P(GgufCheckpoint, GivesBackTheConfig) {
  const Config c = GetParam()();
  Config back = through_a_file(*filled(c), "F32")->config;
  EXPECT_EQ(back.aux_loss_alpha, c.model_type == "deepseek_v3" ? 0 : Config{}.aux_loss_alpha);
  // Training's settings are not in the file.
  back.aux_loss_alpha = c.aux_loss_alpha, back.initializer_range = c.initializer_range;
  EXPECT_EQ(config_json(back), config_json(c));
}

TEST_P(GgufCheckpoint, GivesBackEveryParameterRoundedOnce) {
  const auto model = filled(GetParam()());
  const NamedTensors a = named_parameters(*model);
  for (const std::string dtype : {"F32", "F16", "BF16"}) {
    const auto loaded = through_a_file(*model, dtype);
    const NamedTensors b = named_parameters(*loaded);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto& [name, x] = a[i];
      ASSERT_EQ(name, b[i].first);
      const bool whole =
          dtype == "F32" || x.shape().count() == 1 || name.ends_with("mlp.gate.weight");
      for (Index j = 0; j < x.size(); ++j) {
        const float v = float(x.data()[j]);
        const float rounded = whole            ? v
                              : dtype == "F16" ? from_half(to_half(v))
                                               : from_bf16(to_bf16(v));
        ASSERT_EQ(b[i].second.data()[j], real(rounded)) << dtype << " " << name;
      }
    }
  }
}

TEST_P(GgufCheckpoint, Q8StaysWithinTheStepOfItsBlocks) {
  const auto model = filled(GetParam()()), loaded = through_a_file(*model, "Q8_0");
  const NamedTensors a = named_parameters(*model), b = named_parameters(*loaded);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const View x = a[i].second, y = b[i].second;
    const double largest = double(x.matrix().cwiseAbs().maxCoeff());  // of any block
    EXPECT_LE(double((x.matrix() - y.matrix()).cwiseAbs().maxCoeff()),
              largest / 127 * (0.5 + 127 * 0x1p-11))
        << a[i].first;
  }
  const GgufFile file(path);
  EXPECT_EQ(file.tensors().at("blk.1.ffn_up_exps.weight").dtype, "Q8_0");
  EXPECT_EQ(file.tensors().at("blk.1.attn_k_b.weight").dtype, "F16");  // rows of 6
  EXPECT_EQ(file.tensors().at("blk.1.ffn_gate_inp.weight").dtype, "F32");
}

class GgufRefusals : public GgufCheckpoint {};

TEST_F(GgufRefusals, AModelThatLlamaCppWouldComputeOtherwiseIsNotWritten) {
  const auto refused = [&](void (*change)(Config&), const char* sentence) {
    Config c = v2();
    change(c);
    EXPECT_ERROR(save_gguf(path, Transformer(c)), sentence);
    EXPECT_FALSE(fs::exists(path));
  };
  refused([](Config& c) { c.rope_scaling->mscale = 1; },
          "gguf: YaRN's mscale is 1 and mscale_all_dim 0.707, but llama.cpp's formula for the "
          "temperature holds only where "
          "both are given and equal");
  refused([](Config& c) { c.n_shared_experts = 0; },
          "gguf: n_shared_experts is 0, but llama.cpp's graph has shared experts");
  refused([](Config& c) { c.moe_layer_freq = 2; },
          "gguf: moe_layer_freq is 2, but llama.cpp knows only 1");
  refused([](Config& c) { c.topk_method = "group_limited_greedy", c.n_group = 2; },
          "gguf: topk_method is \"group_limited_greedy\" with 1 of 2 groups, but llama.cpp knows "
          "groups by their two best "
          "experts, not by the best one");
  refused([](Config& c) { c.rope_scaling->beta_fast = 8; },
          "gguf: YaRN's beta_fast is 8 and beta_slow 1, but llama.cpp computes with 32 and 1, "
          "whatever the file says");
  refused([](Config& c) { c.num_hidden_layers = 27, c.q_lora_rank = 8; },
          "gguf: q_lora_rank is 8 in a model of 27 layers, but llama.cpp does not compress queries "
          "in models of 26 or 27 layers, or of 48 layers and 128256 tokens");
  refused([](Config& c) { c.routed_scaling_factor = 0; },
          "gguf: routed_scaling_factor is 0, but llama.cpp computes with 1 then");
  refused([](Config& c) { c.rms_norm_eps = 1e-5; },
          "gguf: rms_norm_eps is 1e-05, but llama.cpp takes it for the norms of the latents, too, "
          "whose own is 1e-06");
  refused([](Config& c) { c.n_routed_experts = 1025; },
          "gguf: n_routed_experts is 1025, but llama.cpp takes at most 1024");
  refused([](Config& c) { c.num_hidden_layers = 513; },
          "gguf: num_hidden_layers is 513, but llama.cpp takes at most 512");
}

TEST_F(GgufRefusals, WhatChangesNothingIsWritten) {
  const auto written = [&](void (*change)(Config&)) {
    Config c = v2();
    change(c);
    EXPECT_NO_THROW(save_gguf(path, Transformer(c)));
    EXPECT_EQ(gguf_config(GgufFile(path)).num_hidden_layers, c.num_hidden_layers);
  };
  written([](Config& c) { c.rope_scaling->factor = 1, c.rope_scaling->beta_fast = 8; });
  written([](Config& c) { c.num_hidden_layers = 27, c.first_k_dense_replace = 26; });
  written([](Config& c) { c.first_k_dense_replace = 3, c.num_experts_per_tok = 0; });
  written([](Config& c) { c.topk_method = "group_limited_greedy", c.n_group = c.topk_group = 2; });
}

class GgufConfig : public GgufCheckpoint {
 protected:
  // A file with the values of `c`, some of them changed, and no tensor but the embedding.
  GgufFile with(const Config& c, const std::map<std::string, GgufValue>& changes,
                const std::string& left_out = "") const {
    std::vector<std::pair<std::string, GgufValue>> values = gguf_values(c, "F32");
    std::erase_if(values,
                  [&](const auto& v) { return v.first == left_out || changes.contains(v.first); });
    values.insert(values.end(), changes.begin(), changes.end());
    std::vector<GgufTensor> tensors = {{"token_embd.weight", "F32", {37, 32}, {Tensor({37, 32})}}};
    if (c.topk_method == "noaux_tc")
      tensors.push_back({"blk.0.exp_probs_b.bias", "F32", {8}, {Tensor({8})}});
    write_gguf(path, values, tensors);
    return GgufFile(path);
  }
};

TEST_F(GgufConfig, KeepsTheGroupsOfV2) {
  const Config c =
      gguf_config(with(v2(), {{"deepseek2.expert_group_count", std::int64_t(4)},
                              {"deepseek2.expert_group_used_count", std::int64_t(2)}}));
  EXPECT_EQ(c.model_type, "deepseek_v2");
  EXPECT_EQ(c.topk_method, "group_limited_greedy");
  EXPECT_EQ(c.n_group, 4);
  EXPECT_EQ(c.topk_group, 2);
  // As llama.cpp's converter writes them for V2-Lite
  const Config lite =
      gguf_config(with(v2(), {{"deepseek2.expert_group_count", std::int64_t(1)},
                              {"deepseek2.expert_group_used_count", std::int64_t(1)}}));
  EXPECT_EQ(config_json(lite), config_json(gguf_config(with(v2(), {}))));
}

TEST_F(GgufConfig, AFileWithoutAGatingFunctionGetsANote) {
  const std::string key = "deepseek2.expert_gating_func", at = path.string();
  EXPECT_TRUE(gguf_config_notes(with(v2(), {})).empty());
  const GgufFile softmax = with(v2(), {}, key);
  EXPECT_EQ(gguf_config_notes(softmax),
            std::vector<std::string>{at + ": has no expert_gating_func; the scores of experts are "
                                          "taken as softmax, as in DeepSeek-V2"});
  EXPECT_EQ(gguf_config(softmax).scoring_func, "softmax");
  const GgufFile sigmoid = with(v3(), {}, key);
  EXPECT_EQ(gguf_config_notes(sigmoid),
            std::vector<std::string>{at + ": has no expert_gating_func; the scores of experts are "
                                          "taken as sigmoid, because it has DeepSeek-V3's "
                                          "correction biases"});
  EXPECT_EQ(gguf_config(sigmoid).model_type, "deepseek_v3");
  Config dense = v2();
  dense.first_k_dense_replace = 3;
  EXPECT_TRUE(gguf_config_notes(with(dense, {}, key)).empty());
}

TEST_F(GgufConfig, RefusesScoresThatItDoesNotKnow) {
  EXPECT_ERROR(
      gguf_config(with(v2(), {{"deepseek2.expert_gating_func", std::int64_t(3)}})),
      (path.string() + ": expert_gating_func is 3, expected 1, softmax, or 2, sigmoid").c_str());
  EXPECT_ERROR(gguf_config(with(v2(), {{"deepseek2.expert_gating_func", std::int64_t(2)},
                                       {"deepseek2.expert_group_count", std::int64_t(2)}})),
               (path.string() +
                ": expert_gating_func is sigmoid with groups of experts, but the correction biases "
                "exp_probs_b.bias are missing; convert it again")
                   .c_str());
}

TEST_F(GgufRefusals, WhatAFileLacksOrHasTooMuchIsNamed) {
  const std::string at = path.string();
  write_gguf(path, {{"general.architecture", "llama"}}, {});
  EXPECT_ERROR(
      gguf_config(GgufFile(path)),
      (at + ": general.architecture is not \"deepseek2\", the only one that Seekling supports")
          .c_str());
  write_gguf(path, {{"general.architecture", "deepseek2"}, {"deepseek2.context_length", "long"}},
             {});
  EXPECT_ERROR(
      gguf_config(GgufFile(path)),
      (at + ": the value deepseek2.context_length has another type, expected an integer").c_str());

  const auto model = filled(v2());
  save_gguf(path, *model);
  const GgufFile file(path);
  EXPECT_ERROR(
      load_gguf(file, Transformer(v3())),
      (at + ": has the tensor blk.0.attn_q.weight, which a model with these settings does not have")
          .c_str());
  Config other = v2();
  other.vocab_size = 36;
  EXPECT_ERROR(load_gguf(file, Transformer(other)),
               (at + ": tensor token_embd.weight has shape [37, 32], expected [36, 32]").c_str());
  other = v2();
  other.num_hidden_layers = 4;
  EXPECT_ERROR(load_gguf(file, Transformer(other)),
               (at + ": the tensor blk.3.attn_norm.weight is missing").c_str());
}

TEST_F(GgufRefusals, ANumberThatIsNotFiniteIsRefused) {
  const auto model = filled(v2());
  model->norm.weight.data()[2] = std::numeric_limits<real>::quiet_NaN();
  save_gguf(path, *model);
  EXPECT_ERROR(load_gguf(GgufFile(path), Transformer(v2())),
               (path.string() +
                ": tensor output_norm.weight has a value that is not finite; the file is damaged")
                   .c_str());
}

}  // namespace seekling
