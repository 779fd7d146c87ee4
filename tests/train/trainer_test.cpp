#include "train/trainer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>

#include "core/check.h"
#include "core/parallel.h"
#include "interop/checkpoint.h"
#include "refusal.h"
#include "system/file.h"
#include "train/made_up.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

Config tiny() {
  Config c;
  c.vocab_size = kVocab, c.hidden_size = 16, c.num_hidden_layers = 2, c.intermediate_size = 32;
  c.num_attention_heads = 2, c.kv_lora_rank = 8, c.qk_nope_head_dim = 8, c.qk_rope_head_dim = 4,
  c.v_head_dim = 8;
  c.n_routed_experts = 4, c.num_experts_per_tok = 2, c.moe_intermediate_size = 8;
  c.aux_loss_alpha = 0.01, c.initializer_range = 0.1;
  return c;
}

TrainerState evaluated(Index steps) {
  TrainerState state = state_of(steps);
  state.settings.eval_every = 4;
  return state;
}

struct Stop {};  // thrown from a hook: the process is gone, as after kill -9

Hooks at_step(Index step, const std::function<void()>& happen) {
  const auto on_step = [=](const StepMetrics& metrics) {
    if (metrics.step == step) happen();
  };
  return {.on_step = on_step};
}

}  // namespace

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() { fs::remove_all(root); }
  ~TrainerTest() override { fs::remove_all(root); }

  RunFolder folder(const std::string& name) const { return RunFolder(root / name, "{}", "{}"); }
  Heldout heldout() const { return {.batches = {rows(3)(1000), rows(2)(1000)}, .text_bytes = 100}; }

  static Transformer fresh() {
    Transformer model(tiny());
    model.initialise(11);
    return model;
  }

  // A fresh model, trained from `state` on; returns model.safetensors.
  std::string train(const std::string& name, const TrainerState& state,
                    const Hooks& hooks = {}) const {
    const Transformer model = fresh();
    Trainer(model, state, rows(4), heldout(), folder(name)).run(hooks);
    return weights(name);
  }
  // The same with weights of its own that the folder's replace.
  std::string resume(const std::string& name) const {
    const Transformer model(tiny());
    Trainer(model, read_trainer_state(root / name), rows(4), heldout(), folder(name)).run();
    return weights(name);
  }
  std::string weights(const std::string& name) const {
    return read_file(root / name / "model.safetensors");
  }

  const fs::path root = fs::temp_directory_path() / text("seekling_trainer_", ::getpid());
};

TEST_F(TrainerTest, TheLossOfOneBatchFalls) {
  const Transformer model = fresh();
  TrainerState state = evaluated(150);
  const Batch batch = rows(4)(0);
  const BatchSource always = [&](Index) { return batch; };
  Trainer trainer(model, state, always, {}, folder("overfit"));
  const double first = trainer.step().loss;
  EXPECT_NEAR(first, std::log(double(kVocab)), 0.5);
  double last = first;
  while (trainer.state().step < 150) last = trainer.step().loss;
  EXPECT_LT(last, 0.1);
}

TEST_F(TrainerTest, RecomputingGivesTheSameBits) {
  TrainerState state = evaluated(6);
  const std::string kept = train("kept", state);
  state.settings.recompute = true;
  EXPECT_EQ(train("recomputed", state), kept);
}

TEST_F(TrainerTest, Bf16LearnsAsFp32Does) {
  const auto late_loss = [&](const char* dtype, const char* moments) {
    const Transformer model = fresh();
    TrainerState state = evaluated(60);
    state.settings.dtype = dtype, state.settings.moments = moments;
    Trainer trainer(model, state, rows(4), {}, folder(text(dtype, moments)));
    double last = 0;  // of the last 20 steps together: single batches differ
    while (trainer.state().step < 60) {
      const double loss = trainer.step().loss;
      if (trainer.state().step > 40) last += loss;
    }
    return last;
  };
  const double fp32 = late_loss("fp32", "fp32"), products = late_loss("bf16", "fp32"),
               moments = late_loss("fp32", "bf16");
  EXPECT_NE(products, fp32);
  EXPECT_NE(moments, fp32);
  EXPECT_NEAR(products / fp32, 1, 0.01);
  EXPECT_NEAR(moments / fp32, 1, 0.01);
}

TEST_F(TrainerTest, FromTheSecondStepOnTheSystemIsAskedForNothing) {
  for (const bool recompute : {false, true}) {
    const Transformer model = fresh();
    TrainerState state = evaluated(12);
    state.settings.recompute = recompute;
    Trainer trainer(
        model, state, [](Index) { return rows(4)(0); }, {}, folder(text("steady", recompute)));
    trainer.step();
    [[maybe_unused]] const std::size_t before = pool::allocations();
    for (int i = 0; i < 5; ++i) trainer.step();
#ifndef __SANITIZE_ADDRESS__  // under which the pool keeps every buffer apart
    EXPECT_EQ(pool::allocations(), before);
#endif
  }
}

TEST_F(TrainerTest, AStepSaysHowItWent) {
  const Transformer model = fresh();
  Trainer trainer(model, evaluated(12), rows(4), heldout(), folder("metrics"));
  const StepMetrics metrics = trainer.step();
  EXPECT_EQ(metrics.step, 1);
  EXPECT_DOUBLE_EQ(metrics.lr, 0.01 / 3);
  EXPECT_GT(metrics.grad_norm, 0);
  EXPECT_GT(metrics.balance_loss, 0);
  EXPECT_GT(metrics.tokens_per_s, 0);
  ASSERT_EQ(metrics.expert_load.size(), 1u);
  ASSERT_EQ(metrics.expert_load[0].size(), 4u);
  double sum = 0, max = 0;
  for (const double f : metrics.expert_load[0]) sum += f, max = std::max(max, f);
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_NEAR(metrics.max_vio, 4 * max - 1, 1e-12);
  EXPECT_EQ(trainer.state().tokens, 4 * T);
}

TEST_F(TrainerTest, ARunWithMomentsInBf16ResumesToTheBit) {
  TrainerState state = evaluated(12);
  state.settings.moments = "bf16";
  const std::string straight = train("straight", state);
  state.settings.save_every = 7;
  EXPECT_THROW(train("killed", state, at_step(9, [] { throw Stop(); })), Stop);
  EXPECT_EQ(resume("killed"), straight);
  EXPECT_LT(fs::file_size(root / "killed" / "optimizer.safetensors"),
            1.2 * double(fs::file_size(root / "killed" / "model.safetensors")));  // and not twice
}

TEST_F(TrainerTest, AProfileExplainsTheStep) {
  const Transformer model = fresh();
  Trainer trainer(model, evaluated(12), rows(4), {}, folder("profile"));
  Profile profile;
  trainer.measure(&profile);
  for (int i = 0; i < 5; ++i) trainer.step();
  EXPECT_EQ(profile.steps(), 4);
  EXPECT_GT(profile.explained(), 0.95);
  EXPECT_LE(profile.explained(), 1);
}

TEST_F(TrainerTest, KilledAndResumedEqualsUninterruptedToTheBit) {
  TrainerState state = evaluated(12);
  const std::string straight = train("straight", state);
  state.settings.save_every = 7;
  EXPECT_THROW(train("killed", state, at_step(9, [] { throw Stop(); })), Stop);
  EXPECT_EQ(read_trainer_state(root / "killed").step, 7);
  EXPECT_EQ(read_metrics(root / "killed" / "metrics.jsonl").size(), 9u);
  EXPECT_EQ(resume("killed"), straight);
  EXPECT_EQ(read_file(root / "killed" / "optimizer.safetensors"),
            read_file(root / "straight" / "optimizer.safetensors"));
  const std::vector<StepMetrics> all = read_metrics(root / "killed" / "metrics.jsonl");
  ASSERT_EQ(all.size(), 12u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].step, Index(i) + 1);
  EXPECT_EQ(read_trainer_state(root / "killed").tokens, 12 * 4 * T);
}

TEST_F(TrainerTest, ARunThatWasKilledBeforeItsFirstSaveBeginsAgain) {
  const std::string straight = train("straight", evaluated(6));
  {
    AtomicSave save(root / "begun");
    folder("begun").write(save, fresh(), evaluated(6));
    save.commit();
  }
  EXPECT_FALSE(fs::exists(root / "begun" / "optimizer.safetensors"));
  const Transformer model(tiny());
  load_weights(root / "begun", model);
  Trainer(model, read_trainer_state(root / "begun"), rows(4), heldout(), folder("begun")).run();
  EXPECT_EQ(weights("begun"), straight);
}

TEST_F(TrainerTest, CtrlCFinishesTheStepAndSaves) {
  const std::string straight = train("straight", evaluated(12));
  const Transformer model = fresh();
  Trainer trainer(model, evaluated(12), rows(4), {}, folder("stopped"));
  const Outcome outcome = trainer.run(at_step(7, [] { std::raise(SIGINT); }));
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.step, 7);
  EXPECT_EQ(how_to_resume("runs/x", trainer.state()),
            "stopped after step 7 of 12; resume with: ./seekling train --resume runs/x");
  EXPECT_EQ(resume("stopped"), straight);
}

TEST_F(TrainerTest, AnyNumberOfThreadsGivesTheSameBits) {
  const int before = threads();
  std::vector<std::string> files;
  for (const int n : {1, 2, 3}) {
    set_threads(n);
    files.push_back(train(text("threads", n), evaluated(6)));
  }
  set_threads(before);
  EXPECT_EQ(files[1], files[0]);
  EXPECT_EQ(files[2], files[0]);
}

TEST_F(TrainerTest, TwoBatchesOfTwoEqualOneOfFour) {
  TrainerState state = evaluated(5);
  state.settings.eps = 1e-3;  // at 1e-8 the first update is lr · sign(g), even of noise
  const Transformer one = fresh(), two = fresh();
  Trainer one_by_four(one, state, rows(4), {}, folder("1x4"));
  state.settings.batch_size = 2, state.settings.accumulate = 2;
  Trainer two_by_two(two, state, rows(2), {}, folder("2x2"));
  for (Index i = 0; i < 5; ++i) {
    const StepMetrics a = one_by_four.step(), b = two_by_two.step();
    EXPECT_NEAR(a.loss, b.loss, 1e-5);
    EXPECT_NEAR(a.balance_loss, b.balance_loss, 1e-5);
    EXPECT_NEAR(a.grad_norm, b.grad_norm, 1e-5);
    EXPECT_EQ(a.expert_load, b.expert_load);
  }
  const NamedTensors p = named_parameters(one), q = named_parameters(two);
  for (std::size_t i = 0; i < p.size(); ++i)
    EXPECT_LT((p[i].second.view().matrix() - q[i].second.view().matrix()).cwiseAbs().maxCoeff(),
              1e-5)
        << p[i].first;
}

TEST_F(TrainerTest, HeldoutLossIsTheMeanOverTargetsWhateverTheBatches) {
  const Transformer model = fresh();
  const HeldoutLoss whole = evaluate(model, {.batches = {rows(6)(3)}, .text_bytes = 50});
  const HeldoutLoss parts =
      evaluate(model, {.batches = {rows(2)(9), rows(1)(20), rows(3)(7)}, .text_bytes = 50});
  EXPECT_NEAR(whole.nats_per_target, parts.nats_per_target, 1e-6);
  const double targets = rows(6)(3).targets[0].counted;
  EXPECT_NEAR(whole.bits_per_byte, whole.nats_per_target * targets / std::log(2.0) / 50, 1e-9);
}

TEST_F(TrainerTest, NamesTheParameterThatHoldsANaN) {
  const Transformer model = fresh();
  TrainerState state = evaluated(12);
  Trainer trainer(model, state, rows(4), {}, folder("nan"));
  const std::string planted = "model.layers.1.self_attn.kv_b_proj.weight";
  const Hooks plant = at_step(2, [&] {
    trainer.save();
    for (const auto& [name, p] : named_parameters(model))
      if (name == planted) p.data()[7] = std::numeric_limits<real>::quiet_NaN();
  });
  try {
    trainer.run(plant);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.what(),
              "step 3: the loss is nan; the first value that is not finite came from linear, "
              "whose parameter " +
                  planted + " has such a value; the weights of step 2 are in " +
                  (root / "nan").string() + "; train again with a lower --lr");
  }
  EXPECT_EQ(trainer.state().step, 2);
  EXPECT_EQ(read_trainer_state(root / "nan").step, 2);
  for (const auto& [name, p] : named_parameters(model)) EXPECT_FALSE(p.has_grad()) << name;
}

TEST_F(TrainerTest, WeightsThatAreNotFiniteDoNotReplaceTheLastSave) {
  const Transformer model = fresh();
  Trainer trainer(model, evaluated(12), rows(4), {}, folder("weights"));
  trainer.step(), trainer.save();
  trainer.step();
  model.lm_head.data()[5] = std::numeric_limits<real>::infinity();
  EXPECT_ERROR(trainer.save(), text("step 2 is not saved: after it parameter lm_head.weight has a "
                                    "value that is not finite; the weights of step 1 are in ",
                                    (root / "weights").string(), "; train again with a lower --lr")
                                   .c_str());
  EXPECT_EQ(read_trainer_state(root / "weights").step, 1);
}

TEST_F(TrainerTest, ALossThatIsNotFiniteDoesNotReplaceTheLastSave) {
  const Transformer model = fresh();
  TrainerState state = evaluated(12);
  state.settings.save_every = 1;
  Trainer trainer(model, state, rows(4), {}, folder("loss"));
  const Hooks blow_up = at_step(3, [&] {  // finite weights, whose logits overflow
    model.lm_head.view().matrix().setConstant(3e38F);
  });
  EXPECT_ERROR(trainer.run(blow_up),
               text("step 3 is not saved: after it the loss of the next batch is nan; the weights "
                    "of step 2 are in ",
                    (root / "loss").string(), "; train again with a lower --lr")
                   .c_str());
  EXPECT_EQ(read_trainer_state(root / "loss").step, 2);
}

// A file-size limit stands for the full disk.
TEST_F(TrainerTest, ASaveThatFailsIsASentenceAndTheLastOneRemains) {
  const std::string straight = train("straight", evaluated(8));
  const Transformer model = fresh();
  Trainer trainer(model, evaluated(8), rows(4), heldout(), folder("full"));
  trainer.step(), trainer.save();
  trainer.step();
  std::signal(SIGXFSZ, SIG_IGN);  // as main does: the write fails instead
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string sentence;
  try {
    trainer.save();
  } catch (const Error& e) {
    sentence = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  const std::string at = (root / "full").string();
  EXPECT_EQ(sentence,
            at +
                "/.next/model.safetensors: cannot be written (File too large); nothing "
                "was replaced; the weights of "
                "step 1 are in " +
                at + "; free some space there, then resume with: ./seekling train --resume " + at);
  EXPECT_FALSE(fs::exists(root / "full" / ".next"));
  EXPECT_EQ(read_trainer_state(root / "full").step, 1);
  EXPECT_EQ(resume("full"), straight);
}

TEST_F(TrainerTest, AGradientThatIsNotFiniteStopsBeforeTheUpdate) {
  const Transformer model = fresh();
  Trainer trainer(model, evaluated(12), rows(4), {}, folder("gradient"));
  const std::vector<real> before(model.lm_head.data(), model.lm_head.data() + model.lm_head.size());
  model.lm_head.grad().data()[5] = std::numeric_limits<real>::infinity();  // as from backward
  try {
    trainer.step();
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "step 1: the norm of the gradients is inf; the first gradient that is not finite "
                 "is that of "
                 "lm_head.weight; no step was saved yet; train again with a lower --lr");
  }
  EXPECT_EQ(before,
            (std::vector<real>(model.lm_head.data(), model.lm_head.data() + model.lm_head.size())));
}

TEST_F(TrainerTest, ARunIsAHuggingFaceFolder) {
  train("run", evaluated(1));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root / "run"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"config.json", "generation_config.json",
                                             "metrics.jsonl", "model.safetensors",
                                             "optimizer.safetensors", "tokenizer.json",
                                             "tokenizer_config.json", "trainer_state.json"}));
}

}  // namespace seekling
