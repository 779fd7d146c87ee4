// The metrics of a training step, and the file metrics.jsonl with one line of JSON per step.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/real.h"
#include "system/file.h"

namespace seekling {

using ExpertLoad = std::vector<std::vector<double>>;  // [MoE layers][experts], share of choices

struct StepMetrics {
  Index step = 0;   // steps count from 1: this many are done
  double loss = 0;  // mean cross-entropy of the step's targets, in nats
  double balance_loss = 0;
  // mtp_loss: the mean over the depths of multi-token prediction, before the weight, if any.
  std::optional<double> mtp_loss;
  std::optional<double> indexer_loss;  // DeepSeek-V3.2: Σ over layers of the mean KL divergence
  double lr = 0;
  double grad_norm = 0;  // before clipping
  double tokens_per_s = 0;
  double seconds = 0;      // that this step took
  ExpertLoad expert_load;  // a layer's fractions sum to 1; empty for a dense model
  double max_vio = 0;      // max load / mean load - 1 (Wang et al. 2024, arXiv:2408.15664)
  std::optional<double> heldout_loss, heldout_bits_per_byte;  // if the step was followed by one
};

// The expert most above its fair share, 1 / number of experts: `times` 1.8 is 80 % too much.
// For no layers, times is 0.
struct BusiestExpert {
  Index layer = 0, expert = 0;  // layer counts the MoE layers alone
  double times = 0;
};
BusiestExpert busiest_expert(const ExpertLoad& load);

// metrics.jsonl, opened to go on after step `last_step`: lines of later steps, and a last line that
// a crash left torn, are removed (the file is replaced whole, or not at all). 0 begins anew.
class MetricsLog {
 public:
  MetricsLog(std::filesystem::path path, Index last_step);
  void append(const StepMetrics& metrics);  // passed to the system: survives a kill -9
  void flush() { file.flush(); }            // to the disk, as the save of these steps will be

 private:
  AppendFile file;
};

// All whole lines. A torn last line is passed over; another that cannot be read is an Error
// with its number. A number that was not finite (JSON has none such) is read back as NaN.
std::vector<StepMetrics> read_metrics(const std::filesystem::path& path);

}  // namespace seekling
