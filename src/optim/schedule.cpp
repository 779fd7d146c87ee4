// Warm-up, then one of three. With s the step, w the warm-up's steps, n all steps:
//   s <= w    lr s / w    Adam's first second moments rest on few gradients; small steps keep that
//                         harmless.
//   constant  lr          DeepSeekMoE 145B, and V3's first 10T tokens
//   step      lr 0.316^d  d: the number of drops before s. DeepSeek-V2 drops at 60 % and 90 %
//                         (§3.1.2), V2-Lite at 80 % and 90 %. 0.316 is √0.1: two drops divide the
//                         rate by 10.
//   cosine    lr (f + (1 - f) (1 + cos π (s - w)/(n - w)) / 2)
//                         Loshchilov & Hutter 2017 (arXiv:1608.03983); V3's from 10T to 14.3T
//                         tokens, to the floor f = 0.1.
#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.h"

namespace seekling {

static bool behind(double fraction, Index step, Index steps) {
  return step > std::llround(fraction * double(steps));
}

double value_at(const Change& change, Index step, Index steps) {
  return behind(change.at, step, steps) ? change.after : change.before;
}

static double step_decay(const Schedule& schedule, Index step) {
  double part = 1;
  for (const double fraction : schedule.drop_at)
    if (behind(fraction, step, schedule.steps)) part *= schedule.drop_factor;
  return part;
}

static double cosine_decay(const Schedule& schedule, Index step) {
  const double all = double(schedule.steps - schedule.warmup_steps),
               done = double(step - schedule.warmup_steps);
  const double part = all > 0 ? std::min(done / all, 1.0) : 1;
  return schedule.floor + (1 - schedule.floor) * (1 + std::cos(std::numbers::pi * part)) / 2;
}

double learning_rate(const Schedule& schedule, Index step) {
  const std::string& kind = schedule.kind;
  check(kind == "step" || kind == "cosine" || kind == "constant", "--schedule: found \"", kind,
        "\", expected step, cosine or constant");
  if (step <= schedule.warmup_steps)
    return schedule.lr * double(step) / double(schedule.warmup_steps);
  if (kind == "step") return schedule.lr * step_decay(schedule, step);
  if (kind == "cosine") return schedule.lr * cosine_decay(schedule, step);
  return schedule.lr;
}

}  // namespace seekling
