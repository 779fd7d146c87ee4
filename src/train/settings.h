// The settings of a run, and its state on disk: trainer_state.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/check.h"
#include "core/products.h"
#include "core/real.h"
#include "optim/adamw.h"
#include "optim/schedule.h"

namespace seekling {

// Each member is described by its row in the table of settings.cpp.
struct TrainSettings {
  Index steps = 4400;
  Index batch_size = 8;
  Index accumulate = 1;
  Index seq_len = 256;
  std::uint64_t seed = 1;
  std::string dtype = "fp32";
  bool recompute = false;
  bool overfit_batch = false;
  std::string learns = "all";  // DeepSeek-V3.2's dense stage: indexer

  double lr = 3e-3;
  std::string schedule = "step";
  Index warmup_steps = 100;
  std::vector<double> drop_at{0.6, 0.9};
  double drop_factor = 0.316;
  double floor = 0.1;

  Index eval_every = 200;
  Index save_every = 200;
  Index sample_every = 400;

  double weight_decay = 0.1;
  double beta1 = 0.9, beta2 = 0.95;
  double eps = 1e-8;
  double clip = 1;
  std::string moments = "fp32";  // DeepSeek-V3: bf16

  // DeepSeek-V3: λ = 0.3, and 0.1 after 10 of 14.8 trillion tokens.
  double mtp_weight = 0.3, mtp_late_weight = 0.1, mtp_late_at = 0.676;

  // The weight of the expert-level loss is the config's aux_loss_alpha. DeepSeek-V3: γ = 0 after
  // 14.3 of 14.8 trillion tokens. DeepSeek-V2: a capacity factor of 1.
  double device_loss_alpha = 0, communication_loss_alpha = 0;
  double bias_speed = 0.001, bias_still_at = 0.966;
  double capacity_factor = 0, never_dropped = 0.1;

  bool operator==(const TrainSettings&) const = default;
};

// The values that a setting accepts.
struct Accepted {
  std::string words = {};                   // for messages: "at least 1"; empty: every value
  std::function<bool(double)> number = {};  // tests a number, or each element of a list
  std::vector<std::string> choices = {};    // of a string
};

// One row of the table of settings. Every list of the settings follows from the table: the keys of
// trainer_state.json, the flags of `train` and their help, the settings in report.html, and
// check_settings.
struct Setting {
  using Member = std::variant<Index TrainSettings::*, std::uint64_t TrainSettings::*,
                              double TrainSettings::*, bool TrainSettings::*,
                              std::string TrainSettings::*, std::vector<double> TrainSettings::*>;

  std::string key;  // in trainer_state.json
  Member member;
  Accepted accepted;
  std::string help;
  std::string usual = {};  // the default in words, if it depends on the model
};

struct SettingGroup {
  std::string name;
  std::vector<Setting> rows;
};

const std::vector<SettingGroup>& setting_groups();

// visit(row, value) for every setting in order. `settings` is a TrainSettings, const or not.
template <class Settings, class Visit>
void for_each_setting(Settings& settings, Visit&& visit) {
  for (const SettingGroup& group : setting_groups())
    for (const Setting& row : group.rows)
      std::visit([&](auto member) { visit(row, settings.*member); }, row.member);
}

std::string flag_of(std::string key);  // the flag of `train` for a key: batch_size -> batch-size

// The value of a setting as text: 0.6,0.9 for a list, yes or no for a switch.
template <class T>
std::string setting_text(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "yes" : "no";
  } else if constexpr (std::is_same_v<T, std::vector<double>>) {
    std::string list;
    for (const double v : value) list += (list.empty() ? "" : ",") + text(v);
    return list;
  } else {
    return text(value);
  }
}

// The defaults, with a learning rate that suits a model of this width.
TrainSettings default_settings(Index hidden_size);

// Error, naming the flag, for a value that is not accepted.
void check_settings(const TrainSettings& settings);

Schedule schedule_of(const TrainSettings& settings);
AdamWOptions adamw_of(const TrainSettings& settings);
double mtp_weight_at(const TrainSettings& settings, Index step);  // λ
Products products_of(const TrainSettings& settings);              // by dtype
double bias_speed_at(const TrainSettings& settings, Index step);  // γ

// The CRC-32C of the bytes of each tensor in a file of safetensors, by the tensor's name.
using Checksums = std::map<std::string, std::uint32_t>;

// No state of a random generator is needed: batches are a function of (seed, step).
struct TrainerState {
  Index step = 0;    // number of steps done
  Index tokens = 0;  // trained on so far
  TrainSettings settings;
  std::vector<std::string> data;               // as given to --data
  std::uint64_t tokenizer_fingerprint = 0;     // of the token file
  std::map<std::string, Checksums> checksums;  // by file; empty in the runs of older versions
};

// The file includes its own checksum.
std::string trainer_state_json(const TrainerState& state);
// `path` is for the messages.
TrainerState parse_trainer_state(const std::string& json, const std::string& path);
TrainerState read_trainer_state(const std::filesystem::path& run_folder);

}  // namespace seekling
