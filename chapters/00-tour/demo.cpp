// Chapter 0. The loss before the first step, sixty steps of training, and a run that
// is stopped and goes on.
#include <cmath>
#include <cstdio>
#include <set>

#include "small_model.h"
#include "system/file.h"
#include "train/trainer.h"

using namespace seekling;

static double loss_before_training(double range) {
  Config config = small_model(/*vocab_size=*/1536, /*width=*/96);
  config.initializer_range = range;
  const Transformer model(config);
  model.initialise(1);
  Rng rng(2);
  Rows rows{.B = 8, .T = 128};
  for (Index i = 0; i < rows.B * rows.T; ++i) {
    rows.ids.push_back(std::int32_t(rng.below(1536)));
    rows.targets.push_back(std::int32_t(rng.below(1536)));
  }
  Losses others;
  return double(model.loss(make_batch(rows), {}, others).item());
}

// A language of 32 words in which each word says which one follows: 5 times
// its number plus 3, modulo 32.
static Batch batch(Index number) {
  Rows rows{.B = 4, .T = 16};
  Rng rng(1, std::uint64_t(number));
  std::int32_t word = 0;
  for (Index i = 0; i < rows.B * rows.T; ++i) {
    if (i % rows.T == 0) word = std::int32_t(rng.below(32));
    rows.ids.push_back(word);
    rows.targets.push_back(word = (5 * word + 3) % 32);
  }
  return make_batch(rows);
}

// From `from` on: 0 begins anew, otherwise the run of that folder goes on.
static void train(const std::filesystem::path& folder, Index from, Index to, bool print) {
  const Transformer model(small_model(32, 32));
  model.initialise(1);
  TrainerState state;
  if (from > 0) state = read_trainer_state(folder);
  state.settings = {
      .steps = 60, .batch_size = 4, .seq_len = 16, .lr = 0.01, .warmup_steps = 10, .eval_every = 0};
  state.data = {"made up"};
  Trainer trainer(model, state, batch, {}, RunFolder(folder, "{}", "{}"));
  for (Index step = from + 1; step <= to; ++step) {
    const double loss = trainer.step().loss;
    if (print && std::set<Index>{1, 5, 10, 20, 60}.contains(step))
      std::printf("step %2td  loss %.1f\n", step, loss);
  }
  trainer.save();
}

int main() {
  std::printf("initializer_range   loss before training   ln 1536 = %.3f and half the variance\n",
              std::log(1536.0));
  for (const double r : {0.006, 0.02, 0.08})
    std::printf("%17g   %20.2f   %.2f\n", r, loss_before_training(r),
                std::log(1536.0) + r * r * 96 / 2);

  const std::filesystem::path root = std::filesystem::temp_directory_path() / "seekling_demo_00";
  std::filesystem::remove_all(root);
  std::printf("\nln 32 = %.1f\n", std::log(32.0));
  train(root / "straight", 0, 60, /*print=*/true);
  train(root / "stopped", 0, 23, false);
  train(root / "stopped", 23, 60, false);
  const auto weights = [&](const char* run) { return read_file(root / run / "model.safetensors"); };
  std::printf("stopped after 23 steps and resumed, the weights are %s\n",
              weights("straight") == weights("stopped") ? "the same to the bit" : "others");
  std::filesystem::remove_all(root);
}
