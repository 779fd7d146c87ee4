// One training step on k micro-batches, whose gradients are accumulated before the update:
//   L = Σ_k (n_k / n) CE_k + λ/D Σ_d Σ_k (n_kd / n_d) CE_kd + (1/k) Σ_k (balance_k + indexer_k)
//   g = ∇L,  g ← g min(1, clip / ‖g‖),  AdamW,  b ← b + γ sign(mean(c) - c)
// n_k is the number of targets counted in micro-batch k, n = Σ_k n_k. CE_k is a mean over n_k
// targets, so the weights n_k / n turn the sum into the mean over all n: k micro-batches of b
// sequences give the gradient of one batch of k·b, up to rounding, even if they ignore different
// numbers of targets. The second term is multi-token prediction, DeepSeek-V3 (arXiv:2412.19437)
// eq. 25, for depths d = 1 .. D, each a mean over its own targets. The balance loss is a mean over
// sequences, and every micro-batch has the same number of them. Only DeepSeek-V3.2 has a loss of
// the indexers (sparse/indexer_loss.cpp), which trains nothing else. The correction biases b of
// V3's routers follow the load c of the whole step.
#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/check.h"
#include "experts/balance.h"
#include "interop/checkpoint.h"
#include "optim/clip.h"
#include "system/interrupt.h"
#include "tensor/tape.h"

namespace seekling {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kKeepStream = 0x6B656570;  // differs from other random streams

struct Trainer::Sums {
  double loss = 0, balance_loss = 0, mtp_loss = 0;
  Index tokens = 0;
  std::vector<std::vector<Index>> load;  // [MoE layers][experts], tokens

  double all() const { return loss + balance_loss + mtp_loss; }
};

namespace {

// The number of targets counted in a whole step, by depth.
std::vector<double> targets_by_depth(const std::vector<Batch>& micro) {
  std::vector<double> all;
  for (const Batch& batch : micro) {
    all.resize(std::max(all.size(), batch.targets.size()), 0);
    for (std::size_t d = 0; d < batch.targets.size(); ++d) all[d] += batch.targets[d].counted;
  }
  return all;
}

void add_load(std::vector<std::vector<Index>>& sums, const std::vector<Routing>& routings) {
  sums.resize(routings.size());
  for (std::size_t layer = 0; layer < routings.size(); ++layer) {
    const std::vector<std::int32_t> load = routings[layer].load.values();
    sums[layer].resize(load.size(), 0);
    for (std::size_t e = 0; e < load.size(); ++e) sums[layer][e] += load[e];
  }
}

// From tokens to fractions.
ExpertLoad fractions(const std::vector<std::vector<Index>>& load) {
  ExpertLoad shares;
  for (const std::vector<Index>& layer : load) {
    const double all = double(std::accumulate(layer.begin(), layer.end(), Index(0)));
    shares.emplace_back();
    for (const Index tokens : layer) shares.back().push_back(double(tokens) / std::max(all, 1.0));
  }
  return shares;
}

// Wang et al. 2024 (arXiv:2408.15664): max load / mean load - 1, and the mean of that over layers.
double max_violation(const ExpertLoad& load) {
  double sum = 0;
  for (const std::vector<double>& layer : load)
    sum += *std::max_element(layer.begin(), layer.end()) * double(layer.size()) - 1;
  return load.empty() ? 0 : sum / double(load.size());
}

const char* name_of(double not_finite) {  // streams may print "-nan"; the sign means nothing
  return std::isnan(not_finite) ? "nan" : not_finite > 0 ? "inf" : "-inf";
}

bool finite(const Tensor& x) { return x.to(Device::kCpu).view().matrix().allFinite(); }

// The name of the first parameter for which `holds` is true; empty if there is none.
std::string first_parameter(const Transformer& model,
                            const std::function<bool(const Tensor&)>& holds) {
  std::string first;
  model.for_each_parameter([&](const std::string& name, const Tensor& p) {
    if (first.empty() && holds(p)) first = name;
  });
  return first;
}

bool has_indexer(const Transformer& model) {
  return std::ranges::any_of(named_parameters(model),
                             [](const auto& parameter) { return is_of_indexer(parameter.first); });
}

bool only_indexer(const TrainSettings& settings) { return settings.learns == "indexer"; }

std::vector<Tensor> correction_biases(const Transformer& model) {
  std::vector<Tensor> biases;
  for (const auto& [name, parameter] : named_parameters(model))
    if (is_correction_bias(name)) biases.push_back(parameter);
  return biases;
}

TrainerState checked(TrainerState state) {
  check_settings(state.settings);
  return state;
}

}  // namespace

NamedTensors learned_parameters(const Transformer& model, const TrainSettings& settings) {
  NamedTensors all = named_parameters(model);
  std::erase_if(all, [&](const auto& parameter) {
    return is_correction_bias(parameter.first) ||
           (only_indexer(settings) && !is_of_indexer(parameter.first));
  });
  check(!all.empty(),
        "--learns indexer: the model has no indexer; model_type deepseek_v32 has one");
  return all;
}

HeldoutLoss evaluate(const Transformer& model, const Heldout& heldout) {
  double nats = 0, targets = 0;
  for (const Batch& batch : heldout.batches) {
    Losses others;
    nats += double(model.loss(batch, {}, others).item()) * batch.targets[0].counted;
    targets += batch.targets[0].counted;
  }
  return {.nats_per_target = targets > 0 ? nats / targets : 0,
          .bits_per_byte =
              heldout.text_bytes > 0 ? nats / std::numbers::ln2 / double(heldout.text_bytes) : 0};
}

Trainer::Trainer(const Transformer& m, TrainerState s, BatchSource b, Heldout h, RunFolder f,
                 Device device)
    : model(m), state_(checked(std::move(s))), batches(std::move(b)), heldout(std::move(h)),
      folder(std::move(f)), optimizer(learned_parameters(model, settings()), adamw_of(settings())),
      biases(correction_biases(model)), indexed(has_indexer(model)),
      log(folder.path() / "metrics.jsonl", state_.step), saved(state_.step) {
  if (state_.step > 0) folder.load(model, optimizer);
  model.move_to(device);
  for (const Moment& moment : optimizer.moments()) moment.move_to(device);
}

// The context of micro-batch `number`, counted from 0 over the whole run. Which sequences are
// exempt from token dropping is a function of (seed, index of the sequence in the run), so it does
// not depend on how steps are cut into micro-batches.
Context Trainer::context_of(const Batch& batch, Index number) const {
  const TrainSettings& s = settings();
  Context context;
  context.predict_further = !model.mtp.empty() && mtp_weight_at(s, state_.step + 1) > 0;
  context.device_loss_alpha = real(s.device_loss_alpha),
  context.communication_loss_alpha = real(s.communication_loss_alpha);
  context.capacity_factor = s.capacity_factor;
  if (only_indexer(s)) {
    context.dense_stage = true;
    context.want_balance_loss = false;
  }
  if (indexed)  // one more end of the tape for each layer: Σ over layers, a mean over micro-batches
    context.indexer_loss = [this, factor = 1 / double(s.accumulate)](const Tensor& loss) {
      indexer_loss += factor * double(loss.item());
      loss.grad().set_item(real(factor));
    };
  if (s.capacity_factor > 0)
    for (Index b = 0; b < batch.B; ++b)
      context.keep.push_back(
          Rng(s.seed, kKeepStream, std::uint64_t(number * batch.B + b)).uniform() <
          s.never_dropped);
  return context;
}

// Forward and backward pass of one micro-batch. counted: targets of the whole step, by depth.
void Trainer::add_gradients(const Batch& batch, Index number, const std::vector<double>& counted,
                            Sums& sums) const {
  const MultiplyIn dtype(products_of(settings()));
  Tape tape(settings().recompute ? Tape::Keep::kLittle : Tape::Keep::kWhatGradientsNeed, profile_);
  Losses others;
  const Tensor loss = model.loss(batch, context_of(batch, number), others);
  const auto share = [&](std::size_t d) {
    return counted[d] > 0 ? batch.targets[d].counted / counted[d] : 0;
  };
  sums.loss += share(0) * double(loss.item());
  add_load(sums.load, others.routings);
  sums.tokens += batch.B * batch.T;

  // One backward pass from all losses at once: each is seeded with its factor in L.
  const auto seed = [](const Tensor& end, double factor) { end.grad().set_item(real(factor)); };
  const double depths = double(std::max<std::size_t>(others.mtp.size(), 1));
  for (std::size_t d = 0; d < others.mtp.size(); ++d) {
    sums.mtp_loss += share(d + 1) * double(others.mtp[d].item()) / depths;
    seed(others.mtp[d], mtp_weight_at(settings(), state_.step + 1) / depths * share(d + 1));
  }
  if (const Tensor balance = others.balance; balance.defined()) {
    sums.balance_loss += double(balance.item()) / double(settings().accumulate);
    seed(balance, 1 / double(settings().accumulate));
  }
  tape.backward(loss, real(share(0)));
}

Trainer::Sums Trainer::gradients() {
  std::vector<Batch> micro;
  const Index first = state_.step * settings().accumulate;
  for (Index k = 0; k < settings().accumulate; ++k) micro.push_back(batches(first + k));
  const std::vector<double> counted = targets_by_depth(micro);
  lap("batch");
  Sums sums;
  for (std::size_t k = 0; k < micro.size(); ++k) {
    add_gradients(micro[k], first + Index(k), counted, sums);
    if (std::isfinite(sums.all())) continue;
    clear_gradients(optimizer.parameters());
    throw Error(text("step ", state_.step + 1, ": the loss is ", name_of(sums.all()), "; ",
                     first_not_finite(model, micro[k], context_of(micro[k], first + Index(k))),
                     "; ", last_save(), "; train again with a lower --lr"));
  }
  return sums;
}

// DeepSeek-V3 §2.1.2. Loads and biases are both in the order of the routers in the forward pass.
void Trainer::move_biases(const Sums& sums, Index step) const {
  if (biases.empty() || only_indexer(settings())) return;
  for (std::size_t layer = 0; layer < sums.load.size(); ++layer)
    update_correction_bias(biases[layer], sums.load[layer], real(bias_speed_at(settings(), step)));
}

StepMetrics Trainer::step() {
  const auto begin = Clock::now();
  if (profile_) profile_->begin_step();
  indexer_loss = 0;
  const Sums sums = gradients();
  const double norm = gradient_norm(optimizer.parameters());
  check_gradients(norm);
  lap("gradient norm");
  const Index number = state_.step + 1;  // steps count from 1
  const double lr = learning_rate(schedule_of(settings()), number);
  optimizer.update(number, lr, clip_factor(norm, settings().clip));
  clear_gradients(optimizer.parameters());
  move_biases(sums, number);
  lap("AdamW");
  if (profile_) profile_->end_step();
  state_.step = number;
  state_.tokens += sums.tokens;

  StepMetrics metrics;
  metrics.step = number;
  metrics.loss = sums.loss;
  metrics.balance_loss = sums.balance_loss;
  if (!model.mtp.empty() && mtp_weight_at(settings(), number) > 0) metrics.mtp_loss = sums.mtp_loss;
  if (indexed) metrics.indexer_loss = indexer_loss;
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
  if (saved < state_.step) {  // after Ctrl-C, or if saving is off
    save();
    if (hooks.on_save) hooks.on_save(state_.step);
  }
  return {.step = state_.step,
          .interrupted = Interrupt::requested() && state_.step < settings().steps};
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
  check_state();
  write([&] {
    log.flush();
    folder.save(model, optimizer, state_);
  });
  saved = state_.step;
}

// A full disk ends the run: better now, with a complete checkpoint, than hours later with none.
void Trainer::write(const std::function<void()>& to_disk) const {
  try {
    to_disk();
  } catch (const Error& e) {
    throw Error(text(e.what(), "; ", last_save(),
                     "; free some space there, then resume with: ./seekling train --resume ",
                     folder.path().string()));
  }
}

// Read from the folder: a save that failed near its end may have been committed.
std::string Trainer::last_save() const {
  Index step = saved;
  try {
    step = read_trainer_state(folder.path()).step;
  } catch (const Error&) {  // nothing was saved, or the disk cannot be read
  }
  if (step == 0) return "no step was saved yet";
  return text("the weights of step ", step, " are in ", folder.path().string());
}

// An update may produce non-finite weights or a non-finite loss. Saving them would replace the last
// good weights.
void Trainer::check_state() const {
  const std::string weights = first_parameter(model, [](const Tensor& p) { return !finite(p); });
  std::string fault;
  if (!weights.empty()) fault = "parameter " + weights + " has a value that is not finite";
  else if (const double loss = next_loss(); !std::isfinite(loss))
    fault = text("the loss of the next batch is ", name_of(loss));
  if (fault.empty()) return;
  throw Error(text("step ", state_.step, " is not saved: after it ", fault, "; ", last_save(),
                   "; train again with a lower --lr"));
}

double Trainer::next_loss() const {
  const MultiplyIn dtype(products_of(settings()));
  Losses others;
  return double(model.loss(batches(state_.step * settings().accumulate), {}, others).item());
}

// A finite loss may have a non-finite gradient: √ and division are steep near 0.
void Trainer::check_gradients(double norm) const {
  if (std::isfinite(norm)) return;
  const std::string culprit =
      first_parameter(model, [](const Tensor& p) { return p.has_grad() && !finite(p.grad()); });
  clear_gradients(optimizer.parameters());
  throw Error(text("step ", state_.step + 1, ": the norm of the gradients is ", name_of(norm), "; ",
                   culprit.empty() ? "every gradient is finite, but the sum of their squares is not"
                                   : "the first gradient that is not finite is that of " + culprit,
                   "; ", last_save(), "; train again with a lower --lr"));
}

std::string first_not_finite(const Transformer& model, const Batch& batch, const Context& context) {
  Tape tape(Tape::Keep::kEverything);
  Losses others;
  model.loss(batch, context, others);
  const Tape::Suspect suspect = tape.first_not_finite();
  const auto is_input = [&](const Tensor& p) {
    return std::ranges::any_of(suspect.inputs, [&](const Tensor& x) { return x.same_storage(p); });
  };
  const std::string reads = first_parameter(model, is_input);
  const std::string bad_input =
      first_parameter(model, [&](const Tensor& p) { return is_input(p) && !finite(p); });
  const std::string bad = first_parameter(model, [&](const Tensor& p) { return !finite(p); });
  const std::string where = suspect.op.empty()
                                ? "every op gave finite values when the batch was run again"
                                : "the first value that is not finite came from " + suspect.op;
  if (!bad_input.empty()) return where + ", whose parameter " + bad_input + " has such a value";
  if (!bad.empty()) return where + ", and parameter " + bad + " has such a value";
  if (!reads.empty()) return where + ", which reads " + reads;
  return where;
}

}  // namespace seekling
