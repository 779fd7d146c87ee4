// The two stages of DeepSeek-V3.2's training: the indexer alone under dense attention, then all.
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/check.h"
#include "core/parallel.h"
#include "interop/checkpoint.h"
#include "refusal.h"
#include "system/file.h"
#include "train/made_up.h"
#include "train/trainer.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

Config v32() {
  Config c;
  c.model_type = "deepseek_v32", c.topk_method = "noaux_tc", c.scoring_func = "sigmoid",
  c.norm_topk_prob = true;
  c.vocab_size = kVocab, c.hidden_size = 16, c.num_hidden_layers = 2, c.intermediate_size = 32;
  c.num_attention_heads = 2, c.q_lora_rank = 8, c.kv_lora_rank = 8, c.qk_nope_head_dim = 8,
  c.qk_rope_head_dim = 4;
  c.v_head_dim = 8, c.n_routed_experts = 8, c.n_group = 4, c.topk_group = 2,
  c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 8, c.initializer_range = 0.3, c.num_nextn_predict_layers = 1;
  c.index_n_heads = 2, c.index_head_dim = 8, c.index_topk = 4;
  return c;
}

}  // namespace

class V32Training : public testing::Test {
 protected:
  V32Training() { fs::remove_all(root); }
  ~V32Training() override { fs::remove_all(root); }

  RunFolder folder(const std::string& name) const { return RunFolder(root / name, "{}", "{}"); }
  static Transformer fresh(const Config& config) {
    Transformer model(config);
    model.initialise(11);
    return model;
  }
  static TrainerState dense_stage(Index steps) {
    TrainerState state = state_of(steps);
    state.settings.learns = "indexer";
    return state;
  }

  const fs::path root = fs::temp_directory_path() / text("seekling_v32_", ::getpid());
};

TEST_F(V32Training, TheDenseStageTrainsTheIndexersAndNothingElse) {
  const Transformer model = fresh(v32()), before = fresh(v32());
  Trainer trainer(model, dense_stage(60), rows(4), {}, folder("dense"));
  const double first = trainer.step().indexer_loss.value();
  double last = 0;
  while (trainer.state().step < 60) last = trainer.step().indexer_loss.value();
  EXPECT_GT(first, 0);
  EXPECT_LT(last, 0.7 * first);
  const NamedTensors was = named_parameters(before);
  std::size_t i = 0;
  for (const auto& [name, p] : named_parameters(model)) {
    const bool same = p.view().matrix() == was[i++].second.view().matrix();
    EXPECT_EQ(same, !is_of_indexer(name)) << name;  // multi-token prediction's, too
  }
}

TEST_F(V32Training, TheSparseStageTrainsAllByBothLosses) {
  const Transformer model = fresh(v32());
  Trainer trainer(model, state_of(80), rows(4), {}, folder("sparse"));
  const StepMetrics first = trainer.step();
  StepMetrics last;
  while (trainer.state().step < 80) last = trainer.step();
  EXPECT_LT(last.loss, first.loss);
  EXPECT_LT(last.indexer_loss.value(), first.indexer_loss.value());
}

TEST_F(V32Training, TheSameBitsForAnyNumberOfThreadsAndAfterAResume) {
  const int before = threads();
  std::string weights[3];
  for (const int n : {1, 2}) {
    set_threads(n);
    const Transformer model = fresh(v32());
    Trainer(model, dense_stage(6), rows(4), {}, folder(text("threads", n))).run();
    weights[n - 1] = read_file(root / text("threads", n) / "model.safetensors");
  }
  {
    const Transformer model = fresh(v32());
    Trainer trainer(model, dense_stage(6), rows(4), {}, folder("parts"));
    for (Index i = 0; i < 3; ++i) trainer.step();
    trainer.save();
  }
  const Transformer model(v32());
  Trainer(model, read_trainer_state(root / "parts"), rows(4), {}, folder("parts")).run();
  weights[2] = read_file(root / "parts" / "model.safetensors");
  set_threads(before);
  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_EQ(weights[0], weights[2]);
}

TEST_F(V32Training, MicroBatchesGiveTheIndexerTheGradientOfOneBatch) {
  const auto losses = [&](Index accumulate) {
    TrainerState state = dense_stage(5);
    state.settings.accumulate = accumulate, state.settings.batch_size = 4 / accumulate;
    const Transformer model = fresh(v32());
    Trainer trainer(model, state, rows(4 / accumulate), {}, folder(text("micro", accumulate)));
    std::vector<double> all;
    for (Index i = 0; i < 5; ++i) all.push_back(trainer.step().indexer_loss.value());
    return all;
  };
  const std::vector<double> one = losses(1), two = losses(2);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], two[i], 1e-4 * one[i]);
}

TEST_F(V32Training, AModelWithoutIndexersHasNoSuchStage) {
  Config c = v32();
  c.model_type = "deepseek_v3";
  const Transformer model = fresh(c);
  EXPECT_ERROR(Trainer(model, dense_stage(2), rows(4), {}, folder("none")),
               "--learns indexer: the model has no indexer; model_type deepseek_v32 has one");
}

}  // namespace seekling
