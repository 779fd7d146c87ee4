// The learning rate as a function of the step.
#pragma once

#include <string>
#include <vector>

#include "core/real.h"

namespace seekling {

struct Schedule {
  std::string kind = "step";  // "step", "cosine" or "constant": what follows the warm-up
  double lr = 1e-3;           // the highest rate
  Index warmup_steps = 0;     // a linear rise from 0 to lr
  Index steps = 0;            // of the whole run
  std::vector<double> drop_at{0.6, 0.9};  // step: fractions of the run at which it drops ...
  double drop_factor = 0.316;             // ... and the factor of each drop
  double floor = 0.1;                     // cosine: the final rate as a fraction of lr
};

// The rate of step 1, 2, ..., schedule.steps. Error for an unknown kind.
double learning_rate(const Schedule& schedule, Index step);

// A setting that changes once: `before` up to the fraction `at` of the run, then `after`.
struct Change {
  double before = 0, after = 0, at = 1;
};
double value_at(const Change& change, Index step, Index steps);

}  // namespace seekling
