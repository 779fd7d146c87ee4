// The table of the training settings.
#include "train/settings.h"

#include <algorithm>

namespace seekling {

namespace {

Accepted anything() { return {}; }

Accepted at_least(double least) {
  return {.words = text("at least ", least), .number = [=](double x) { return x >= least; }};
}

Accepted fraction() {
  return {.words = "a fraction, 0 to 1", .number = [](double x) { return x >= 0 && x <= 1; }};
}

Accepted below_one() {
  return {.words = "a number in [0, 1)", .number = [](double x) { return x >= 0 && x < 1; }};
}

Accepted above_zero() {
  return {.words = "a number above 0", .number = [](double x) { return x > 0; }};
}

Accepted one_of(std::vector<std::string> choices, std::string words) {
  return {.words = std::move(words), .choices = std::move(choices)};
}

template <class T>
bool accepts(const Accepted& accepted, const T& value) {
  if (accepted.words.empty()) return true;
  if constexpr (std::is_same_v<T, std::string>) {
    return std::ranges::find(accepted.choices, value) != accepted.choices.end();
  } else if constexpr (std::is_same_v<T, std::vector<double>>) {
    return std::ranges::all_of(value, accepted.number);
  } else {
    return accepted.number(double(value));
  }
}

}  // namespace

// Groups and rows in the order of `train --help`.
const std::vector<SettingGroup>& setting_groups() {
  using S = TrainSettings;
  static const std::vector<SettingGroup> groups = {
      {"Training",
       {{"steps", &S::steps, at_least(1), "optimizer steps of the whole run"},
        {"batch_size", &S::batch_size, at_least(1), "sequences in one forward pass"},
        {"accumulate", &S::accumulate, at_least(1),
         "forward passes whose gradients are added up for one step"},
        {"seq_len", &S::seq_len, at_least(1), "tokens in one sequence"},
        {"seed", &S::seed, anything(),
         "seed of the toy world, the initial weights and the order of the data"},
        {"dtype", &S::dtype,
         one_of({"fp32", "bf16", "tf32"}, "fp32, bf16, or, with --device cuda, tf32"),
         "number format of the inputs of matrix products"},
        {"recompute", &S::recompute, anything(),
         "recompute norms and up-projections in the backward pass: the same bits in less memory "
         "and more time"},
        {"overfit_batch", &S::overfit_batch, anything(),
         "train on batch 0 only, whose loss must go to 0: a first check"},
        {"learns", &S::learns, one_of({"all", "indexer"}, "all or indexer"),
         "what is trained; indexer: with attention to all keys, DeepSeek-V3.2's first stage"}}},
      {"Learning rate",
       {{"lr", &S::lr, at_least(0), "highest learning rate, reached at the end of the warm-up",
         text(S{}.lr, " x 128 / hidden_size, at most ", S{}.lr)},
        {"schedule", &S::schedule,
         one_of({"step", "cosine", "constant"}, "step, cosine or constant"),
         "learning rate after the warm-up"},
        {"warmup_steps", &S::warmup_steps, at_least(0),
         "steps in which the rate rises from 0 to --lr"},
        {"drop_at", &S::drop_at, fraction(),
         "schedule step: fractions of the run after which the rate drops"},
        {"drop_factor", &S::drop_factor, at_least(0),
         "schedule step: each drop multiplies the rate by this"},
        {"floor", &S::floor, fraction(),
         "schedule cosine: rate of the last step as a fraction of --lr"}}},
      {"Evaluation and saving",
       {{"eval_every", &S::eval_every, at_least(0),
         "steps from one evaluation on held-out text to the next; 0: never"},
        {"save_every", &S::save_every, at_least(0),
         "steps from one save to the next; 0: only at the end"},
        {"sample_every", &S::sample_every, at_least(0),
         "steps from one entry in samples.md, the model's answers so far, to the next; 0: never"}}},
      {"Optimizer",
       {{"weight_decay", &S::weight_decay, at_least(0),
         "AdamW's weight decay (λ), times the learning rate; norms do not decay"},
        {"beta1", &S::beta1, below_one(), "AdamW's decay of the first moment per step"},
        {"beta2", &S::beta2, below_one(), "AdamW's decay of the second moment per step"},
        {"eps", &S::eps, above_zero(), "AdamW's ε, added to the root of the second moment"},
        {"clip", &S::clip, at_least(0), "largest norm of all gradients together; 0: no limit"},
        {"moments", &S::moments, one_of({"fp32", "bf16"}, "fp32 or bf16"),
         "number format of AdamW's moments in memory"}}},
      {"Multi-token prediction",
       {{"mtp_weight", &S::mtp_weight, at_least(0),
         "weight of the loss of multi-token prediction (λ)"},
        {"mtp_late_weight", &S::mtp_late_weight, at_least(0),
         "weight of that loss after --mtp-late-at"},
        {"mtp_late_at", &S::mtp_late_at, fraction(),
         "fraction of the run after which --mtp-late-weight applies"}}},
      {"Expert balance",
       {{"device_loss_alpha", &S::device_loss_alpha, at_least(0),
         "weight of the device-level balance loss (α2, DeepSeek-V2 eq. 26)"},
        {"communication_loss_alpha", &S::communication_loss_alpha, at_least(0),
         "weight of the communication balance loss (α3, DeepSeek-V2 eq. 29)"},
        {"bias_speed", &S::bias_speed, at_least(0),
         "change per step of the bias that balances DeepSeek-V3's router (γ)"},
        {"bias_still_at", &S::bias_still_at, fraction(),
         "fraction of the run after which the bias speed is 0"},
        {"capacity_factor", &S::capacity_factor, at_least(0),
         "choices that one device (a group of experts) computes at most, in units of the mean; "
         "the rest is dropped; 0: nothing is dropped"},
        {"never_dropped", &S::never_dropped, fraction(),
         "fraction of the sequences that keep all their tokens"}}},
  };
  return groups;
}

std::string flag_of(std::string key) {
  std::ranges::replace(key, '_', '-');
  return key;
}

void check_settings(const TrainSettings& settings) {
  for_each_setting(settings, [](const Setting& row, const auto& value) {
    check(accepts(row.accepted, value), "--", flag_of(row.key), ": found ", setting_text(value),
          ", expected ", row.accepted.words);
  });
}

// The default rate suits nano. A wider layer adds up more updates at once, so it takes
// smaller ones: the rate falls with the width, as in Yang et al. 2022 (arXiv:2203.03466),
// table 8, for Adam.
TrainSettings default_settings(Index hidden_size) {
  constexpr double kWidthOfDefaultLr = 128;
  TrainSettings settings;
  settings.lr *= std::min(1.0, kWidthOfDefaultLr / double(hidden_size));
  return settings;
}

Schedule schedule_of(const TrainSettings& s) {
  return {.kind = s.schedule,
          .lr = s.lr,
          .warmup_steps = s.warmup_steps,
          .steps = s.steps,
          .drop_at = s.drop_at,
          .drop_factor = s.drop_factor,
          .floor = s.floor};
}

AdamWOptions adamw_of(const TrainSettings& s) {
  return {.beta1 = s.beta1,
          .beta2 = s.beta2,
          .eps = s.eps,
          .weight_decay = s.weight_decay,
          .bf16_moments = s.moments == "bf16"};
}

Products products_of(const TrainSettings& s) { return products_of(s.dtype); }

double mtp_weight_at(const TrainSettings& s, Index step) {
  return value_at({.before = s.mtp_weight, .after = s.mtp_late_weight, .at = s.mtp_late_at}, step,
                  s.steps);
}

double bias_speed_at(const TrainSettings& s, Index step) {
  return value_at({.before = s.bias_speed, .after = 0, .at = s.bias_still_at}, step, s.steps);
}

}  // namespace seekling
