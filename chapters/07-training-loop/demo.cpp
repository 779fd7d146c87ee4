// A loop of training, by hand, on a very small model; then the same loop with one thing changed at a time.
// Built with real = double: training amplifies rounding errors, and in float every machine would print other digits.
#include <cmath>
#include <cstdio>

#include "core/parallel.h"
#include "data/batches.h"
#include "data/bpe_train.h"
#include "data/toy_world.h"
#include "model/transformer.h"
#include "tensor/tape.h"
#include "train/adamw.h"
#include "train/schedule.h"

using namespace seekling;

namespace {

constexpr Index B = 8, T = 64, kSteps = 150;

Config dense() {
  Config c;
  c.vocab_size = 512, c.hidden_size = 32, c.num_hidden_layers = 2, c.first_k_dense_replace = 2;
  c.intermediate_size = 96, c.num_attention_heads = 2, c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 16, c.qk_rope_head_dim = 8, c.v_head_dim = 16, c.initializer_range = 0.1;
  return c;
}

std::vector<std::int32_t> toy_text() {
  const ToyWorld world = make_toy_world({.documents = 2000, .heldout_documents = 0, .questions_per_kind = 0});
  std::vector<std::string> texts;
  for (const Document& d : world.train) texts.push_back(d.text);
  const Tokenizer tokenizer = train_bpe(texts, {.vocab_size = dense().vocab_size});
  std::vector<std::int32_t> stream;
  for (const std::string& t : texts) {
    for (const TokenId id : tokenizer.encode(t)) stream.push_back(id);
    stream.push_back(tokenizer.eos());
  }
  return stream;
}

// Batch `number` of a run: n rows from random places.
Batch batch_of(const std::vector<std::int32_t>& stream, Index n, std::uint64_t seed, Index number) {
  Batch batch{.B = n, .T = T, .ids = {}, .targets = {}, .first = {}};
  for (Index b = 0; b < n; ++b) {
    const auto row = stream.begin() + Rng(seed, number * n + b).below(Index(stream.size()) - T);
    batch.ids.insert(batch.ids.end(), row, row + T), batch.targets.insert(batch.targets.end(), row + 1, row + T + 1);
  }
  return batch;
}

// Adds the gradient of `factor` times the batch's loss to what the parameters hold; returns the loss.
double add_gradient(const Transformer& model, const Batch& batch, double factor) {
  Tape tape;
  Pass pass;
  const Tensor loss = model.loss(batch.ids, batch.targets, batch.B, batch.T, pass);
  tape.backward(loss, real(factor));
  return double(loss.item());
}

NamedTensors parameters_of(const Transformer& model) {
  NamedTensors all;
  model.for_each_parameter([&](const std::string& name, const Tensor& p) { all.emplace_back(name, p); });
  return all;
}

// The mean loss of the last 20 of kSteps steps.
double train(const std::vector<std::int32_t>& stream, const Schedule& schedule, double clip, std::uint64_t seed) {
  const Transformer model(dense());
  model.initialise(seed);
  const AdamW optimizer(parameters_of(model), {});
  double sum = 0;
  for (Index step = 1; step <= kSteps; ++step) {
    const double loss = add_gradient(model, batch_of(stream, B, seed, step), 1);
    const double norm = gradient_norm(optimizer.parameters());
    optimizer.update(step, learning_rate(schedule, step), clip_factor(norm, clip));
    clear_gradients(optimizer.parameters());
    if (step > kSteps - 20) sum += loss / 20;
  }
  return sum;
}

}  // namespace

int main() {
  const std::vector<std::int32_t> stream = toy_text();
  const Transformer model(dense());
  model.initialise(1);
  const double first = add_gradient(model, batch_of(stream, B, 1, 0), 1);
  std::printf("loss of an untrained model: %.2f; ln 512 = %.2f\n\n", first, std::log(512.0));

  const std::vector<Tensor> parameters = AdamW(parameters_of(model), {}).parameters();
  std::printf("norm of the gradient of 8 sequences at once:        %.6f\n", gradient_norm(parameters));
  for (const double factor : {1.0 / 4, 1.0}) {
    clear_gradients(parameters);
    for (Index k = 0; k < 4; ++k) add_gradient(model, batch_of(stream, 2, 1, k), factor);
    std::printf("of 4 times 2 sequences, each loss times %.2f:        %.6f\n", factor, gradient_norm(parameters));
  }

  const Schedule usual{.lr = 0.01, .warmup_steps = 20, .steps = kSteps};
  Schedule cold = usual, constant = usual, timid = usual, bold = usual, slow = usual;
  cold.warmup_steps = 0, constant.kind = "constant", timid.lr = 0.0005, bold.lr = 0.03, slow.lr = 0.003;
  struct Trial {
    const char* what;
    Schedule schedule;
    double clip;
    double losses[3];
  };
  std::vector<Trial> trials{{"lr 0.01, warm-up, drops, clip 1", usual, 1, {}},
                            {"without warm-up", cold, 1, {}},
                            {"without drops", constant, 1, {}},
                            {"without clipping", usual, 0, {}},
                            {"lr 0.0005", timid, 1, {}},
                            {"lr 0.003", slow, 1, {}},
                            {"lr 0.03", bold, 1, {}}};
  parallel_for(Index(3 * trials.size()), /*grain=*/1, [&](Index i) {  // runs side by side, each on one thread
    Trial& trial = trials[std::size_t(i / 3)];
    trial.losses[i % 3] = train(stream, trial.schedule, trial.clip, std::uint64_t(i % 3 + 1));
  });
  std::printf("\nloss of the last 20 of 150 steps, seeds 1 to 3\n");
  for (const Trial& t : trials) std::printf("%-32s%7.2f%7.2f%7.2f\n", t.what, t.losses[0], t.losses[1], t.losses[2]);
}
