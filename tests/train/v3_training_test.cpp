// What DeepSeek-V3 and V2 add to a step of training: multi-token prediction, the correction
// bias, token dropping.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "interop/checkpoint.h"
#include "system/file.h"
#include "train/made_up.h"
#include "train/trainer.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

Config v3() {
  Config c;
  c.model_type = "deepseek_v3", c.topk_method = "noaux_tc", c.scoring_func = "sigmoid",
  c.norm_topk_prob = true;
  c.vocab_size = kVocab, c.hidden_size = 16, c.num_hidden_layers = 2, c.intermediate_size = 32;
  c.num_attention_heads = 2, c.q_lora_rank = 8, c.kv_lora_rank = 8, c.qk_nope_head_dim = 8,
  c.qk_rope_head_dim = 4;
  c.v_head_dim = 8, c.n_routed_experts = 8, c.n_group = 4, c.topk_group = 2,
  c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 8, c.aux_loss_alpha = 1e-4, c.initializer_range = 0.1,
  c.num_nextn_predict_layers = 2;
  return c;
}

Config v2() {
  Config c = v3();
  c.model_type = "deepseek_v2", c.topk_method = "group_limited_greedy", c.scoring_func = "softmax",
  c.norm_topk_prob = false;
  c.num_nextn_predict_layers = 0;
  return c;
}

std::vector<Tensor> biases_of(const Transformer& model) {
  std::vector<Tensor> biases;
  for (const auto& [name, parameter] : named_parameters(model))
    if (is_correction_bias(name)) biases.push_back(parameter);
  return biases;
}

}  // namespace

class V3Training : public testing::Test {
 protected:
  V3Training() { fs::remove_all(root); }
  ~V3Training() override { fs::remove_all(root); }

  RunFolder folder(const std::string& name) const { return RunFolder(root / name, "{}", "{}"); }
  static Transformer fresh(const Config& config) {
    Transformer model(config);
    model.initialise(11);
    return model;
  }
  std::string train(const std::string& name, const Config& config, const TrainerState& state,
                    Index stop = -1) const {
    const Transformer model = fresh(config);
    Trainer trainer(model, state, rows(state.settings.batch_size), {}, folder(name));
    while (trainer.state().step < (stop < 0 ? state.settings.steps : stop)) trainer.step();
    trainer.save();
    return read_file(root / name / "model.safetensors");
  }
  std::string resume(const std::string& name, const Config& config) const {
    const Transformer model(config);
    Trainer(model, read_trainer_state(root / name), rows(4), {}, folder(name)).run();
    return read_file(root / name / "model.safetensors");
  }

  const fs::path root = fs::temp_directory_path() / text("seekling_v3_", ::getpid());
};

TEST_F(V3Training, TheBiasMovesBySpeedAgainstTheLoadOfTheStep) {
  const Transformer model = fresh(v3());
  Trainer trainer(model, state_of(50), rows(4), {}, folder("bias"));
  const StepMetrics first = trainer.step();
  const std::vector<Tensor> biases = biases_of(model);
  ASSERT_EQ(biases.size(), 3u);  // one MoE layer, two modules
  ASSERT_EQ(first.expert_load.size(), 3u);
  Index moved = 0;
  for (std::size_t layer = 0; layer < 3; ++layer)
    for (std::size_t e = 0; e < 8; ++e) {
      const double above = first.expert_load[layer][e] - 1.0 / 8;
      const double expected = std::abs(above) < 1e-9 ? 0 : above > 0 ? -0.001 : 0.001;
      EXPECT_NEAR(biases[layer].data()[e], expected, 1e-9) << layer << " " << e;
      moved += expected != 0;
    }
  EXPECT_GT(moved, 12);
}

TEST_F(V3Training, TheBiasStandsStillAtTheEndAndNothingElseTouchesIt) {
  const Transformer model = fresh(v3());
  for (const Tensor& bias : biases_of(model))
    for (Index e = 0; e < 8; ++e) bias.data()[e] = real(0.125);
  TrainerState state = state_of(4);
  state.settings.bias_still_at = 0;
  Trainer trainer(model, state, rows(4), {}, folder("still"));
  trainer.run();
  for (const Tensor& bias : biases_of(model))
    for (Index e = 0; e < 8; ++e) EXPECT_EQ(bias.data()[e], real(0.125));
  const SafetensorsFile moments(root / "still" / "optimizer.safetensors");
  for (const auto& [name, entry] : moments.entries())
    EXPECT_EQ(name.find("e_score_correction_bias"), std::string::npos) << name;
}

TEST_F(V3Training, TheBiasEvensOutTheLoad) {
  TrainerState state = state_of(120);
  state.settings.bias_speed = 0.01, state.settings.bias_still_at = 1;
  double last[2];
  for (const bool moving : {false, true}) {
    if (!moving) state.settings.bias_speed = 0;
    else state.settings.bias_speed = 0.01;
    const Transformer model = fresh(v3());
    Trainer trainer(model, state, rows(4), {}, folder(text("even", moving)));
    double sum = 0;
    for (Index step = 0; step < 120; ++step) {
      const double violation = trainer.step().max_vio;
      if (step >= 90) sum += violation / 30;
    }
    last[moving] = sum;
  }
  EXPECT_LT(last[1], last[0]);
}

TEST_F(V3Training, SaysWhatTheFurtherTokensCost) {
  const Transformer model = fresh(v3());
  TrainerState state = state_of(200);
  const Batch batch = rows(4)(0);
  Trainer trainer(
      model, state, [&](Index) { return batch; }, {}, folder("mtp"));
  const StepMetrics first = trainer.step();
  ASSERT_TRUE(first.mtp_loss.has_value());
  EXPECT_NEAR(*first.mtp_loss, std::log(double(kVocab)), 0.5);
  StepMetrics last = first;
  while (trainer.state().step < 200) last = trainer.step();
  EXPECT_LT(*last.mtp_loss, 0.3);
  EXPECT_LT(last.loss, 0.1);
}

TEST_F(V3Training, WithoutWeightTheModulesStayAndTheModelTrainsAsWithoutThem) {
  TrainerState state = state_of(5);
  state.settings.mtp_weight = 0, state.settings.mtp_late_weight = 0,
  state.settings.weight_decay = 0, state.settings.clip = 0;
  const Transformer with = fresh(v3());
  Config alone = v3();
  alone.num_nextn_predict_layers = 0;
  const Transformer without = fresh(alone);
  Trainer a(with, state, rows(4), {}, folder("a")), b(without, state, rows(4), {}, folder("b"));
  for (Index i = 0; i < 5; ++i) {
    const StepMetrics m = a.step();
    EXPECT_FALSE(m.mtp_loss.has_value());
    EXPECT_EQ(m.loss, b.step().loss);
  }
  const Transformer start = fresh(v3());
  EXPECT_TRUE(with.mtp[0].eh_proj.weight.view().matrix() ==
              start.mtp[0].eh_proj.weight.view().matrix());
}

TEST_F(V3Training, TheWeightOfFurtherTokensFallsAsInThePaper) {
  const TrainSettings s = state_of(1480).settings;
  EXPECT_EQ(mtp_weight_at(s, 1), 0.3);
  EXPECT_EQ(mtp_weight_at(s, 1000), 0.3);  // 10 of 14.8 trillion tokens
  EXPECT_EQ(mtp_weight_at(s, 1002), 0.1);
  EXPECT_EQ(bias_speed_at(s, 1429), 0.001);  // 14.3
  EXPECT_EQ(bias_speed_at(s, 1431), 0);
}

TEST_F(V3Training, KilledAndResumedEqualsUninterruptedToTheBit) {
  const TrainerState state = state_of(12);  // λ falls after step 8, the bias stops after step 12
  const std::string straight = train("straight", v3(), state);
  train("killed", v3(), state, 7);
  EXPECT_EQ(resume("killed", v3()), straight);
  TrainerState dropping = state;
  dropping.settings.capacity_factor = 0.7, dropping.settings.never_dropped = 0.4;
  dropping.settings.device_loss_alpha = 0.05, dropping.settings.communication_loss_alpha = 0.02;
  const std::string whole = train("whole", v2(), dropping);
  train("cut", v2(), dropping, 5);
  EXPECT_EQ(resume("cut", v2()), whole);
  TrainerState plain = dropping;
  plain.settings.capacity_factor = 0;
  EXPECT_NE(train("plain", v2(), plain), whole);
}

TEST_F(V3Training, AnyNumberOfThreadsGivesTheSameBits) {
  const int before = threads();
  set_threads(1);
  const std::string one = train("one", v3(), state_of(5));
  set_threads(3);
  const std::string three = train("three", v3(), state_of(5));
  set_threads(before);
  EXPECT_EQ(one, three);
}

TEST_F(V3Training, TwoBatchesOfTwoEqualOneOfFour) {
  TrainerState state = state_of(5);
  state.settings.eps = 1e-3;  // at 1e-8 the first update is lr · sign(g), even of noise
  const Transformer one = fresh(v3()), two = fresh(v3());
  Trainer one_by_four(one, state, rows(4), {}, folder("1x4"));
  state.settings.batch_size = 2, state.settings.accumulate = 2;
  Trainer two_by_two(two, state, rows(2), {}, folder("2x2"));
  for (Index i = 0; i < 5; ++i) {
    const StepMetrics a = one_by_four.step(), b = two_by_two.step();
    EXPECT_NEAR(a.loss, b.loss, 1e-5);
    EXPECT_NEAR(*a.mtp_loss, *b.mtp_loss, 1e-5);
    EXPECT_NEAR(a.grad_norm, b.grad_norm, 1e-4);
    EXPECT_EQ(a.expert_load, b.expert_load);
  }
  const std::vector<Tensor> p = biases_of(one), q = biases_of(two);
  for (std::size_t i = 0; i < p.size(); ++i)
    EXPECT_TRUE(p[i].view().matrix() == q[i].view().matrix());
}

TEST_F(V3Training, ARunWithModulesLoadsAgainUnderTheReleasedNames) {
  train("run", v3(), state_of(1));
  const SafetensorsFile file(root / "run" / "model.safetensors");
  for (const char* name :
       {"model.layers.2.enorm.weight", "model.layers.3.eh_proj.weight",
        "model.layers.3.shared_head.norm.weight", "model.layers.2.mlp.gate.e_score_correction_bias",
        "model.layers.2.self_attn.q_a_proj.weight"})
    EXPECT_TRUE(file.has(name)) << name;
  EXPECT_FALSE(file.has("model.layers.2.embed_tokens.weight"));  // the model's own
  const Transformer model(v3());
  load_weights(root / "run", model);
  EXPECT_NE(model.mtp[1].eh_proj.weight.data()[0], 0);
}

}  // namespace seekling
