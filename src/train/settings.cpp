// trainer_state.json, and what numbers a run accepts.
#include "train/settings.h"

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "interop/atomic_save.h"
#include "interop/file.h"

namespace seekling {

using Json = nlohmann::ordered_json;

void check_settings(const TrainSettings& s) {
  const auto at_least = [](const char* flag, auto value, auto least) {
    check(value >= least, flag, ": found ", value, ", expected at least ", least);
  };
  at_least("--steps", s.steps, 1), at_least("--batch-size", s.batch_size, 1);
  at_least("--accumulate", s.accumulate, 1), at_least("--seq-len", s.seq_len, 1);
  at_least("--warmup-steps", s.warmup_steps, 0), at_least("--lr", s.lr, 0.0);
  at_least("--weight-decay", s.weight_decay, 0.0), at_least("--clip", s.clip, 0.0);
  at_least("--eval-every", s.eval_every, 0), at_least("--save-every", s.save_every, 0);
  at_least("--sample-every", s.sample_every, 0);
  at_least("--mtp-weight", s.mtp_weight, 0.0), at_least("--mtp-late-weight", s.mtp_late_weight, 0.0);
  at_least("--device-loss-alpha", s.device_loss_alpha, 0.0);
  at_least("--communication-loss-alpha", s.communication_loss_alpha, 0.0);
  at_least("--bias-speed", s.bias_speed, 0.0), at_least("--capacity-factor", s.capacity_factor, 0.0);
  const auto fraction = [](const char* flag, double value) {
    check(value >= 0 && value <= 1, flag, ": found ", value, ", expected a fraction, 0 to 1");
  };
  fraction("--mtp-late-at", s.mtp_late_at), fraction("--bias-still-at", s.bias_still_at);
  fraction("--never-dropped", s.never_dropped);
  check(s.beta1 >= 0 && s.beta1 < 1, "--beta1: found ", s.beta1, ", expected a number in [0, 1)");
  check(s.beta2 >= 0 && s.beta2 < 1, "--beta2: found ", s.beta2, ", expected a number in [0, 1)");
  check(s.eps > 0, "--eps: found ", s.eps, ", expected a number above 0");
  learning_rate(schedule_of(s), 1);  // knows the kinds
  products_of(s);
  check(s.moments == "fp32" || s.moments == "bf16", "--moments: found ", s.moments, ", expected fp32 or bf16");
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
  return value_at({.before = s.mtp_weight, .after = s.mtp_late_weight, .at = s.mtp_late_at}, step, s.steps);
}

double bias_speed_at(const TrainSettings& s, Index step) {
  return value_at({.before = s.bias_speed, .after = 0, .at = s.bias_still_at}, step, s.steps);
}

std::string trainer_state_json(const TrainerState& state) {
  Json settings;
  for_each_setting(state.settings, [&](const char* name, const auto& value) { settings[name] = value; });
  const Json json = {{"step", state.step},
                     {"tokens", state.tokens},
                     {"data", state.data},
                     {"tokenizer_fingerprint", state.tokenizer_fingerprint},
                     {"settings", settings}};
  return json.dump(2) + "\n";
}

TrainerState parse_trainer_state(const std::string& json, const std::string& path) {
  TrainerState state;
  try {
    const nlohmann::json parsed = parse_json(json, path);
    parsed.at("step").get_to(state.step);
    parsed.at("tokens").get_to(state.tokens);
    parsed.at("data").get_to(state.data);
    parsed.at("tokenizer_fingerprint").get_to(state.tokenizer_fingerprint);
    const nlohmann::json& settings = parsed.at("settings");
    for_each_setting(state.settings, [&](const char* name, auto& value) { settings.at(name).get_to(value); });
  } catch (const nlohmann::json::exception& e) {
    throw Error(text(path, ": is not the state of a run (", e.what(), "); resume from another folder, or train anew"));
  }
  return state;
}

TrainerState read_trainer_state(const std::filesystem::path& run_folder) {
  const std::filesystem::path path = run_folder / "trainer_state.json";
  if (std::filesystem::is_directory(run_folder)) recover(run_folder);
  check(std::filesystem::exists(path), path.string(), ": not found; --resume needs the folder of a run that has saved");
  return parse_trainer_state(read_file(path), path.string());
}

}  // namespace seekling
