// Chapter 0. The loss before the first step, sixty steps of training, and a run that is stopped and goes on.
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "interop/file.h"
#include "train/trainer.h"

using namespace seekling;

static Config shape(Index vocabulary, Index width, double range) {
  Config c;
  c.vocab_size = vocabulary, c.hidden_size = width, c.num_hidden_layers = 2, c.intermediate_size = 3 * width;
  c.num_attention_heads = 2, c.kv_lora_rank = 16, c.qk_nope_head_dim = 16, c.qk_rope_head_dim = 8, c.v_head_dim = 16;
  c.n_routed_experts = 4, c.num_experts_per_tok = 2, c.moe_intermediate_size = 16;
  c.initializer_range = range;
  return c;
}

// A language of 32 words in which each word says which one follows: 5 times its number plus 3, modulo 32.
static Batch rows(Index number) {
  Batch batch{.B = 4, .T = 16, .ids = {}, .targets = {}, .first = std::vector<std::int32_t>(64, 0)};
  Rng rng(1, std::uint64_t(number));
  for (Index b = 0; b < batch.B; ++b) {
    Index id = rng.below(32);
    for (Index t = 0; t < batch.T; ++t) {
      batch.ids.push_back(std::int32_t(id));
      id = (5 * id + 3) % 32;
      batch.targets.push_back(std::int32_t(id));
    }
  }
  return batch;
}

static double loss_before_training(double range) {
  const Index V = 1536, B = 8, T = 128;
  const Transformer model(shape(V, 96, range));
  model.initialise(1);
  Rng rng(2);
  std::vector<std::int32_t> ids, targets;
  for (Index i = 0; i < B * T; ++i)
    ids.push_back(std::int32_t(rng.below(V))), targets.push_back(std::int32_t(rng.below(V)));
  Pass pass;
  return double(model.loss(ids, targets, B, T, pass).item());
}

// From `from` on: 0 begins anew, otherwise the run of that folder goes on.
static void train(const std::filesystem::path& folder, Index from, Index to, bool print) {
  const Transformer model(shape(32, 32, 0.1));
  model.initialise(1);
  TrainerState state;
  if (from > 0) state = read_trainer_state(folder);
  state.settings.steps = 60, state.settings.batch_size = 4, state.settings.seq_len = 16, state.settings.lr = 0.01;
  state.settings.warmup_steps = 10, state.settings.eval_every = 0, state.settings.save_every = 0;
  state.data = {"made up"};
  Trainer trainer(model, state, rows, {}, RunFolder(folder, "{}", "{}"));
  for (Index step = from + 1; step <= to; ++step) {
    const double loss = trainer.step().loss;
    if (print && (step == 1 || step == 5 || step == 10 || step == 20 || step == 60))
      std::printf("step %2td  loss %.1f\n", step, loss);
  }
  trainer.save();
}

int main() {
  std::printf("initializer_range   loss before training   ln 1536 = %.3f and half the variance\n", std::log(1536.0));
  for (const double range : {0.006, 0.02, 0.08})
    std::printf("%17g   %20.2f   %.2f\n", range, loss_before_training(range),
                std::log(1536.0) + range * range * 96 / 2);

  const std::filesystem::path root = std::filesystem::temp_directory_path() / "seekling_demo_00";
  std::filesystem::remove_all(root);
  std::printf("\nln 32 = %.1f\n", std::log(32.0));
  train(root / "straight", 0, 60, true);
  train(root / "stopped", 0, 23, false);
  train(root / "stopped", 23, 60, false);
  const bool equal = read_file(root / "straight/model.safetensors") == read_file(root / "stopped/model.safetensors");
  std::printf("stopped after 23 steps and resumed, the weights are %s\n", equal ? "the same to the bit" : "others");
  std::filesystem::remove_all(root);
}
