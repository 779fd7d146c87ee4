// A loop of training, by hand, on a very small model; then the same loop with one thing changed at a time.
// Built with real = double: training amplifies rounding errors, and in float every machine would print other digits.
#include <cmath>
#include <cstdio>

#include "core/parallel.h"
#include "tensor/tape.h"
#include "toy_text.h"
#include "train/schedule.h"

using namespace seekling;

static constexpr Index B = 8, T = 32, kSteps = 100, kLast = 20;

static Config dense() {
  Config c;
  c.vocab_size = 512, c.hidden_size = 32, c.num_hidden_layers = 2, c.first_k_dense_replace = 2;
  c.intermediate_size = 96, c.num_attention_heads = 2, c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 16, c.qk_rope_head_dim = 8, c.v_head_dim = 16, c.initializer_range = 0.1;
  return c;
}

// Adds the gradient of `factor` times the batch's loss to what the parameters hold; returns the loss.
static double add_gradient(const Transformer& model, const Batch& batch, double factor) {
  Tape tape;
  Pass pass;
  const Tensor loss = model.loss(batch.ids, batch.targets, batch.B, batch.T, pass);
  tape.backward(loss, real(factor));
  return double(loss.item());
}

struct Trial {
  const char* what;
  Schedule schedule;
  double clip = 1;
  bool adam = true;
};

// The mean loss of the last steps.
static double train(const Ids& stream, const Trial& trial, std::uint64_t seed) {
  const Transformer model(dense());
  model.initialise(seed);
  const AdamW optimizer(parameters_of(model), {});
  double sum = 0;
  for (Index step = 1; step <= kSteps; ++step) {
    const double loss = add_gradient(model, random_rows(stream, B, T, seed, step), 1);
    const double lr = learning_rate(trial.schedule, step);
    const double clip = clip_factor(gradient_norm(optimizer.parameters()), trial.clip);
    if (trial.adam) optimizer.update(step, lr, clip);
    else
      for (const Tensor& p : optimizer.parameters()) p.view().matrix() -= real(lr * clip) * p.grad().view().matrix();
    clear_gradients(optimizer.parameters());
    if (step > kSteps - kLast) sum += loss / kLast;
  }
  return sum;
}

int main() {
  const ToyWorld world = make_toy_world({.documents = 2000, .heldout_documents = 0, .questions_per_kind = 0});
  const Tokenizer tokenizer = toy_tokenizer(world, dense().vocab_size);
  Ids stream;
  for (const Document& d : world.train) append(stream, d, tokenizer);

  const Transformer model(dense());
  model.initialise(1);
  const double first = add_gradient(model, random_rows(stream, B, T, 1, 0), 1);
  std::printf("loss of an untrained model: %.2f; ln 512 = %.2f\n\n", first, std::log(512.0));
  const std::vector<Tensor> parameters = AdamW(parameters_of(model), {}).parameters();
  std::printf("norm of the gradient of 8 sequences at once:        %.6f\n", gradient_norm(parameters));
  for (const double factor : {1.0 / 4, 1.0}) {
    clear_gradients(parameters);
    for (Index k = 0; k < 4; ++k) add_gradient(model, random_rows(stream, 2, T, 1, k), factor);
    std::printf("of 4 times 2 sequences, each loss times %.2f:        %.6f\n", factor, gradient_norm(parameters));
  }

  const Schedule usual{.lr = 0.01, .warmup_steps = 20, .steps = kSteps};
  const auto at = [&](double lr) { return Schedule{.lr = lr, .warmup_steps = 20, .steps = kSteps}; };
  const std::vector<Trial> trials{{"gradient descent, lr 1", at(1), 1, /*adam=*/false},
                                  {"gradient descent, lr 3", at(3), 1, /*adam=*/false},
                                  {"AdamW, lr 0.01", usual},
                                  {"  without warm-up", {.lr = 0.01, .steps = kSteps}},
                                  {"  without drops", {"constant", 0.01, 20, kSteps}},
                                  {"  without clipping", usual, 0},
                                  {"AdamW, lr 0.001", at(0.001)},
                                  {"AdamW, lr 0.03", at(0.03)}};
  std::vector<double> losses(3 * trials.size());
  parallel_for(Index(losses.size()), /*grain=*/1, [&](Index i) {  // runs side by side, each on one thread
    losses[std::size_t(i)] = train(stream, trials[std::size_t(i / 3)], std::uint64_t(i % 3 + 1));
  });
  std::printf("\nloss of the last %td of %td steps, seeds 1 to 3\n", kLast, kSteps);
  for (std::size_t i = 0; i < trials.size(); ++i)
    std::printf("%-26s%7.2f%7.2f%7.2f\n", trials[i].what, losses[3 * i], losses[3 * i + 1], losses[3 * i + 2]);
}
