// One step of training on k micro-batches, whose gradients are added up before the weights move:
//   L = Σ_k (n_k / n) CE_k + (1/k) Σ_k balance_k        n_k: targets counted in micro-batch k, n = Σ_k n_k
//   g = ∇L,  g ← g min(1, clip / ‖g‖),  AdamW
// CE_k is a mean over n_k targets, so the weights n_k / n make the sum the mean over all n: k micro-batches of b
// sequences give the gradient of one batch of k·b, up to rounding, also where they ignore different numbers of targets.
// The balance loss is a mean over sequences, of which each micro-batch has the same number.
#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/check.h"
#include "interop/checkpoint.h"
#include "tensor/tape.h"
#include "train/clip.h"
#include "train/interrupt.h"

namespace seekling {

using Clock = std::chrono::steady_clock;

struct Trainer::Sums {
  double loss = 0, balance_loss = 0;
  Index tokens = 0;
  std::vector<std::vector<double>> load;  // [MoE layers][experts], tokens
};

namespace {

Index counted(const Batch& batch) {
  return Index(batch.targets.size()) - std::count(batch.targets.begin(), batch.targets.end(), kIgnored);
}

Tensor forward(const Transformer& model, const Batch& batch, Pass& pass) {
  pass.first = batch.first;
  return model.loss(batch.ids, batch.targets, batch.B, batch.T, pass);
}

void add_load(std::vector<std::vector<double>>& sums, const std::vector<Routing>& routings) {
  sums.resize(routings.size());
  for (std::size_t layer = 0; layer < routings.size(); ++layer) {
    const std::vector<Index>& load = routings[layer].load;
    sums[layer].resize(load.size(), 0);
    for (std::size_t e = 0; e < load.size(); ++e) sums[layer][e] += double(load[e]);
  }
}

// From tokens to fractions.
ExpertLoad fractions(ExpertLoad load) {
  for (std::vector<double>& layer : load) {
    const double all = std::accumulate(layer.begin(), layer.end(), 0.0);
    for (double& expert : layer) expert /= std::max(all, 1.0);
  }
  return load;
}

// Wang et al. 2024 (arXiv:2408.15664): max load / mean load - 1, and the mean of that over layers.
double max_violation(const ExpertLoad& load) {
  double sum = 0;
  for (const std::vector<double>& layer : load)
    sum += *std::max_element(layer.begin(), layer.end()) * double(layer.size()) - 1;
  return load.empty() ? 0 : sum / double(load.size());
}

const char* name_of(double not_finite) {  // a stream writes -nan, too, of which nobody cares
  return std::isnan(not_finite) ? "nan" : not_finite > 0 ? "inf" : "-inf";
}

bool finite(const Tensor& x) { return x.view().matrix().allFinite(); }

// The name of the first parameter for which `holds`; empty if there is none.
std::string first_parameter(const Transformer& model, const std::function<bool(const Tensor&)>& holds) {
  std::string first;
  model.for_each_parameter([&](const std::string& name, const Tensor& p) {
    if (first.empty() && holds(p)) first = name;
  });
  return first;
}

TrainerState checked(TrainerState state) {
  check_settings(state.settings);
  return state;
}

}  // namespace

HeldoutLoss evaluate(const Transformer& model, const Heldout& heldout) {
  double nats = 0;
  Index targets = 0;
  for (const Batch& batch : heldout.batches) {
    Pass pass;
    const Index n = counted(batch);
    nats += double(forward(model, batch, pass).item()) * double(n);
    targets += n;
  }
  return {.nats_per_target = nats / double(std::max<Index>(targets, 1)),
          .bits_per_byte = heldout.text_bytes > 0 ? nats / std::numbers::ln2 / double(heldout.text_bytes) : 0};
}

Trainer::Trainer(const Transformer& m, TrainerState s, BatchSource b, Heldout h, RunFolder f)
    : model(m),
      state_(checked(std::move(s))),
      batches(std::move(b)),
      heldout(std::move(h)),
      folder(std::move(f)),
      optimizer(named_parameters(model), adamw_of(settings())),
      log(folder.path() / "metrics.jsonl", state_.step),
      saved(state_.step) {
  if (state_.step > 0) folder.load(model, optimizer);
}

// Forward and backward for one micro-batch; `share` of the step's targets are in it.
void Trainer::add_gradients(const Batch& batch, double share, Sums& sums) const {
  Tape tape(Tape::Keep::kWhatGradientsNeed, profile_);
  Pass pass;
  const Tensor loss = forward(model, batch, pass), balance = pass.balance_loss;
  sums.loss += share * double(loss.item());
  add_load(sums.load, pass.routings);
  sums.tokens += batch.B * batch.T;
  if (!balance.defined()) return tape.backward(loss, real(share));
  const double part = 1 / double(settings().accumulate);
  sums.balance_loss += part * double(balance.item());
  *loss.grad().data() = real(share);  // the tape is played back once, from both ends
  tape.backward(balance, real(part));
}

Trainer::Sums Trainer::gradients() {
  std::vector<Batch> micro;
  for (Index k = 0; k < settings().accumulate; ++k) micro.push_back(batches(state_.step * settings().accumulate + k));
  Index targets = 0;
  for (const Batch& batch : micro) targets += counted(batch);
  lap("batch");
  Sums sums;
  for (const Batch& batch : micro) {
    add_gradients(batch, double(counted(batch)) / double(std::max<Index>(targets, 1)), sums);
    if (std::isfinite(sums.loss + sums.balance_loss)) continue;
    clear_gradients(optimizer.parameters());
    throw Error(text("step ", state_.step + 1, ": the loss is ", name_of(sums.loss + sums.balance_loss), "; ",
                     first_not_finite(model, batch), "; ", last_save(), "; train again with a lower --lr"));
  }
  return sums;
}

StepMetrics Trainer::step() {
  const auto begin = Clock::now();
  if (profile_) profile_->begin_step();
  const Sums sums = gradients();
  const double norm = gradient_norm(optimizer.parameters());
  check_gradients(norm);
  lap("gradient norm");
  const Index number = state_.step + 1;  // steps count from 1
  const double lr = learning_rate(schedule_of(settings()), number);
  optimizer.update(number, lr, clip_factor(norm, settings().clip));
  clear_gradients(optimizer.parameters());
  lap("AdamW");
  if (profile_) profile_->end_step();
  state_.step = number;
  state_.tokens += sums.tokens;

  StepMetrics metrics;
  metrics.step = number;
  metrics.loss = sums.loss;
  metrics.balance_loss = sums.balance_loss;
  metrics.lr = lr;
  metrics.grad_norm = norm;
  metrics.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  metrics.tokens_per_s = double(sums.tokens) / metrics.seconds;
  metrics.expert_load = fractions(sums.load);
  metrics.max_vio = max_violation(metrics.expert_load);
  return metrics;
}

void Trainer::lap(const char* part) const {
  if (profile_) profile_->lap(part);
}

Outcome Trainer::run(const Hooks& hooks) {
  const Interrupt interrupt;
  while (state_.step < settings().steps && !Interrupt::requested()) {
    StepMetrics metrics = step();
    finish_step(metrics, hooks);
  }
  if (saved < state_.step) {  // Ctrl-C, or saving is off
    save();
    if (hooks.on_save) hooks.on_save(state_.step);
  }
  return {.step = state_.step, .interrupted = Interrupt::requested() && state_.step < settings().steps};
}

void Trainer::finish_step(StepMetrics& metrics, const Hooks& hooks) {
  if (due(settings().eval_every) && !heldout.batches.empty()) {
    const HeldoutLoss result = evaluate(model, heldout);
    metrics.heldout_loss = result.nats_per_target;
    if (heldout.text_bytes > 0) metrics.heldout_bits_per_byte = result.bits_per_byte;
  }
  write([&] { log.append(metrics); });
  if (hooks.on_step) hooks.on_step(metrics);
  if (due(settings().save_every)) {
    save();
    if (hooks.on_save) hooks.on_save(state_.step);
  }
  if (due(settings().sample_every) && hooks.on_sample) hooks.on_sample(state_.step);
}

void Trainer::save() {
  write([&] { folder.save(model, optimizer, state_); });
  saved = state_.step;
}

// A full disk ends the run: better now, with the last checkpoint whole, than hours later with none.
void Trainer::write(const std::function<void()>& to_disk) const {
  try {
    to_disk();
  } catch (const Error& e) {
    throw Error(text(e.what(), "; ", last_save(), "; make room there, then go on with: ./seekling train --resume ",
                     folder.path().string()));
  }
}

std::string Trainer::last_save() const {
  if (saved == 0) return "no step was saved yet";
  return text("the weights of step ", saved, " are in ", folder.path().string());
}

// A finite loss may have a gradient that is not: √ and division are steep near 0.
void Trainer::check_gradients(double norm) const {
  if (std::isfinite(norm)) return;
  const std::string culprit = first_parameter(model, [](const Tensor& p) { return p.has_grad() && !finite(p.grad()); });
  clear_gradients(optimizer.parameters());
  throw Error(text("step ", state_.step + 1, ": the norm of the gradients is ", name_of(norm), "; ",
                   culprit.empty() ? "each is finite, but the sum of their squares is not"
                                   : "the first one that is not finite is that of " + culprit,
                   "; ", last_save(), "; train again with a lower --lr"));
}

std::string first_not_finite(const Transformer& model, const Batch& batch) {
  Tape tape(Tape::Keep::kEverything);
  Pass pass;
  forward(model, batch, pass);
  const Tape::Suspect suspect = tape.first_not_finite();
  const auto is_input = [&](const Tensor& p) {
    return std::ranges::any_of(suspect.inputs, [&](const Tensor& x) { return x.same_storage(p); });
  };
  const std::string reads = first_parameter(model, is_input);
  const std::string bad_input = first_parameter(model, [&](const Tensor& p) { return is_input(p) && !finite(p); });
  const std::string bad = first_parameter(model, [&](const Tensor& p) { return !finite(p); });
  const std::string where = suspect.op.empty() ? "every op gave finite numbers when the batch was run again"
                                               : "the first number that is not finite came from " + suspect.op;
  if (!bad_input.empty()) return where + ", whose parameter " + bad_input + " holds such a number";
  if (!bad.empty()) return where + ", and parameter " + bad + " holds such a number";
  if (!reads.empty()) return where + ", which reads " + reads;
  return where;
}

}  // namespace seekling
