// A loop of training, by hand, on a very small model; then the same loop with one thing changed
// at a time. Built with real = double: training amplifies rounding errors, and in float every
// machine would print other digits.
#include <cmath>
#include <cstdio>

#include "core/parallel.h"
#include "optim/schedule.h"
#include "small_model.h"
#include "toy_text.h"

using namespace seekling;

static constexpr Index T = 24, kSteps = 80;

struct Trial {
  const char* what;
  Schedule schedule;
  double clip = 1;
  bool adam = true;
};

// The mean loss of the last 20 steps, each on 8 rows of T tokens.
static double train(const Config& config, const Ids& stream, const Trial& trial,
                    std::uint64_t seed) {
  const Transformer model(config);
  model.initialise(seed);
  const AdamW optimizer(parameters_of(model), {});
  double sum = 0;
  for (Index step = 1; step <= kSteps; ++step) {
    const double loss = add_gradient(model, random_rows(stream, 8, T, seed, step));
    const double lr = learning_rate(trial.schedule, step);
    const double clip = clip_factor(gradient_norm(optimizer.parameters()), trial.clip);
    if (trial.adam) optimizer.update(step, lr, clip);
    else
      for (const Tensor& p : optimizer.parameters())
        p.view().matrix() -= real(lr * clip) * p.grad().view().matrix();
    clear_gradients(optimizer.parameters());
    if (step > kSteps - 20) sum += loss / 20;
  }
  return sum;
}

int main() {
  Config config = small_model(/*vocab_size=*/512, /*width=*/32);
  config.first_k_dense_replace = 2;  // no experts
  const ToyWorld world =
      make_toy_world({.documents = 2000, .heldout_documents = 0, .questions_per_kind = 0});
  const Ids stream = stream_of(world.train, toy_tokenizer(world, config.vocab_size));

  const Transformer model(config);
  model.initialise(1);
  const std::vector<Tensor> parameters = AdamW(parameters_of(model), {}).parameters();
  const double first = add_gradient(model, random_rows(stream, 8, T, 1, 0));
  std::printf("loss of an untrained model: %.2f; ln 512 = %.2f\n\n", first, std::log(512.0));
  std::printf("norm of the gradient of 8 sequences at once:        %.6f\n",
              gradient_norm(parameters));
  for (const double factor : {0.25, 1.0}) {
    clear_gradients(parameters);
    for (Index k = 0; k < 4; ++k) add_gradient(model, random_rows(stream, 2, T, 1, k), factor);
    std::printf("of 4 times 2 sequences, each loss times %.2f:        %.6f\n", factor,
                gradient_norm(parameters));
  }

  const auto at = [](double lr) { return Schedule{.lr = lr, .warmup_steps = 20, .steps = kSteps}; };
  const std::vector<Trial> trials{{"gradient descent, lr 1", at(1), 1, /*adam=*/false},
                                  {"gradient descent, lr 3", at(3), 1, /*adam=*/false},
                                  {"AdamW, lr 0.01", at(0.01)},
                                  {"  without warm-up", {.lr = 0.01, .steps = kSteps}},
                                  {"  without drops", {"constant", 0.01, 20, kSteps}},
                                  {"  without clipping", at(0.01), 0},
                                  {"AdamW, lr 0.001", at(0.001)},
                                  {"AdamW, lr 0.03", at(0.03)}};
  std::vector<double> losses(3 * trials.size());
  parallel_for(Index(losses.size()), /*grain=*/1, [&](Index i) {  // in parallel, a thread each
    losses[std::size_t(i)] =
        train(config, stream, trials[std::size_t(i / 3)], std::uint64_t(i % 3 + 1));
  });
  std::printf("\nloss of the last 20 of 80 steps, seeds 1 to 3\n");
  for (std::size_t i = 0; i < trials.size(); ++i)
    std::printf("%-26s%7.2f%7.2f%7.2f\n", trials[i].what, losses[3 * i], losses[3 * i + 1],
                losses[3 * i + 2]);
}
