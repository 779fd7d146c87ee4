// The training loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/batches.h"
#include "model/transformer.h"
#include "optim/adamw.h"
#include "report/metrics.h"
#include "report/profile.h"
#include "train/run_folder.h"
#include "train/settings.h"

namespace seekling {

using BatchSource = std::function<Batch(Index)>;  // batch number -> batch

struct Heldout {
  std::vector<Batch> batches;
  Index text_bytes = 0;  // of their text; 0: unknown, bits per byte are not reported
};

struct HeldoutLoss {
  double nats_per_target = 0, bits_per_byte = 0;
};
HeldoutLoss evaluate(const Transformer& model, const Heldout& heldout);

struct Hooks {  // callbacks during training; each may be empty
  std::function<void(const StepMetrics&)> on_step = {};
  std::function<void(Index step)> on_save = {}, on_sample = {};
};

struct Outcome {
  Index step = 0;            // steps completed and saved
  bool interrupted = false;  // by Ctrl-C, before the last step
};

// Those that the optimizer moves: all but the correction biases, which no gradient, decay or
// clipping touches, or the indexers' alone (settings.learns). Error if there are none.
NamedTensors learned_parameters(const Transformer& model, const TrainSettings& settings);

class Trainer {
 public:
  // If `state` (from read_trainer_state) has completed steps, the run is resumed: weights and
  // moments are read from the folder. Otherwise training starts from the model's weights. The model
  // must outlive the trainer; it is moved to the device.
  Trainer(const Transformer& model, TrainerState state, BatchSource batches, Heldout heldout,
          RunFolder folder, Device device = Device::kCpu);

  // Trains up to the last step, or to the end of the step in which Ctrl-C arrives.
  Outcome run(const Hooks& hooks = {});

  void measure(Profile* profile) { profile_ = profile; }  // from the next step on; nullptr: stop

  StepMetrics step();  // one update of the weights; Error, and no update, if a value is not finite
  void save();         // Error, and the last save stays, if training could not resume from this one

  const TrainerState& state() const { return state_; }

 private:
  struct Sums;
  Sums gradients();
  Context context_of(const Batch& batch, Index number) const;
  void add_gradients(const Batch& batch, Index number, const std::vector<double>& counted,
                     Sums& sums) const;
  void move_biases(const Sums& sums, Index step) const;
  void finish_step(StepMetrics& metrics, const Hooks& hooks);
  void check_gradients(double norm) const;
  void check_state() const;
  double next_loss() const;
  bool due(Index every) const {
    return every > 0 && (state_.step % every == 0 || state_.step == settings().steps);
  }
  const TrainSettings& settings() const { return state_.settings; }
  void lap(const char* part) const;
  void write(const std::function<void()>& to_disk) const;
  std::string last_save() const;

  const Transformer& model;
  TrainerState state_;
  BatchSource batches;
  Heldout heldout;
  RunFolder folder;
  AdamW optimizer;
  std::vector<Tensor> biases;  // e_score_correction_bias of each MoE layer that has one, in order
  bool indexed;                // are there indexers that learn?
  MetricsLog log;
  Index saved;  // the step of the last save
  Profile* profile_ = nullptr;
  mutable double indexer_loss = 0;  // of the step so far
};

// Finds where the loss of a batch becomes non-finite: the op and, if one is the cause, a parameter.
std::string first_not_finite(const Transformer& model, const Batch& batch, const Context& context);

}  // namespace seekling
