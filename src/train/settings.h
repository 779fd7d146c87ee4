// What a run was told, and how far it has come: trainer_state.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/products.h"
#include "core/real.h"
#include "train/adamw.h"
#include "train/schedule.h"

namespace seekling {

// The names are the keys of trainer_state.json and, with dashes, the flags of `train`.
struct TrainSettings {
  Index steps = 4400;
  Index batch_size = 8;  // sequences in one forward pass
  Index accumulate = 1;  // forward passes whose gradients are added up for one step
  Index seq_len = 256;
  std::uint64_t seed = 1;

  double lr = 3e-3;
  std::string schedule = "step";
  Index warmup_steps = 100;
  std::vector<double> drop_at{0.6, 0.9};
  double drop_factor = 0.316;
  double floor = 0.1;

  double weight_decay = 0.1;
  double beta1 = 0.9, beta2 = 0.95;
  double eps = 1e-8;
  double clip = 1;  // the largest norm of all gradients together; 0: any

  // Multi-token prediction: the weight λ of its loss. V3: 0.3, and 0.1 behind 10 of 14.8 trillion tokens.
  double mtp_weight = 0.3, mtp_late_weight = 0.1, mtp_late_at = 0.676;

  // Balance. The expert level's α is the config's aux_loss_alpha; these are V2's device and communication levels, the speed
  // γ of V3's correction bias (0 behind 14.3 of 14.8 trillion tokens), and V2's token dropping (0: none; V2: 1).
  double device_loss_alpha = 0, communication_loss_alpha = 0;
  double bias_speed = 0.001, bias_still_at = 0.966;
  double capacity_factor = 0, never_dropped = 0.1;  // never_dropped: the share of sequences that keep all their tokens

  Index eval_every = 200;  // each in steps; 0: never (a run is saved at its end in any case)
  Index save_every = 200;
  Index sample_every = 400;

  bool overfit_batch = false;    // train on batch 0 alone
  std::string dtype = "fp32";    // bf16: matrix products read their inputs in it; weights, sums and all else stay fp32
  std::string moments = "fp32";  // bf16: AdamW keeps its moments in it, as DeepSeek-V3 does
  bool recompute = false;        // keep less for backward and make it again: the same bits in less memory and more time

  bool operator==(const TrainSettings&) const = default;
};

// visit(name, member) for every setting, in order. S is TrainSettings or const TrainSettings.
template <class S, class Visit>
void for_each_setting(S& s, Visit&& visit) {
  visit("steps", s.steps), visit("batch_size", s.batch_size), visit("accumulate", s.accumulate);
  visit("seq_len", s.seq_len), visit("seed", s.seed);
  visit("lr", s.lr), visit("schedule", s.schedule), visit("warmup_steps", s.warmup_steps);
  visit("drop_at", s.drop_at), visit("drop_factor", s.drop_factor), visit("floor", s.floor);
  visit("weight_decay", s.weight_decay), visit("beta1", s.beta1), visit("beta2", s.beta2), visit("eps", s.eps);
  visit("clip", s.clip);
  visit("mtp_weight", s.mtp_weight), visit("mtp_late_weight", s.mtp_late_weight), visit("mtp_late_at", s.mtp_late_at);
  visit("device_loss_alpha", s.device_loss_alpha), visit("communication_loss_alpha", s.communication_loss_alpha);
  visit("bias_speed", s.bias_speed), visit("bias_still_at", s.bias_still_at);
  visit("capacity_factor", s.capacity_factor), visit("never_dropped", s.never_dropped);
  visit("eval_every", s.eval_every), visit("save_every", s.save_every), visit("sample_every", s.sample_every);
  visit("overfit_batch", s.overfit_batch), visit("recompute", s.recompute);
  visit("dtype", s.dtype), visit("moments", s.moments);
}

void check_settings(const TrainSettings& settings);  // Error with the flag's name for a number that makes no sense
Schedule schedule_of(const TrainSettings& settings);
AdamWOptions adamw_of(const TrainSettings& settings);
double mtp_weight_at(const TrainSettings& settings, Index step);  // λ
Products products_of(const TrainSettings& settings);              // by dtype
double bias_speed_at(const TrainSettings& settings, Index step);  // γ

// There is no generator's state to keep: batches are a function of (seed, step).
struct TrainerState {
  Index step = 0;    // so many are done
  Index tokens = 0;  // read so far
  TrainSettings settings;
  std::vector<std::string> data;            // as given to --data
  std::uint64_t tokenizer_fingerprint = 0;  // of the token file
};

std::string trainer_state_json(const TrainerState& state);
TrainerState parse_trainer_state(const std::string& json, const std::string& path);  // path: for the messages
TrainerState read_trainer_state(const std::filesystem::path& run_folder);

}  // namespace seekling
