// AdamW: Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1) with decoupled weight decay (Loshchilov & Hutter 2019,
// arXiv:1711.05101, algorithm 2). With g the clipped gradient, in update t = 1, 2, ...:
//   m ← β1 m + (1 - β1) g                  v ← β2 v + (1 - β2) g²
//   m̂ = m / (1 - β1^t)                     v̂ = v / (1 - β2^t)
//   θ ← θ - lr ( m̂ / (√v̂ + ε) + λ θ )
// Why the hats: m starts at 0, so m = (1 - β1) Σ_s β1^(t-s) g_s, whose weights sum to 1 - β1^t. Divided by that, m̂ is a
// weighted mean from the first update on, which moves each number by lr · sign(g).
// Why decoupled: λ θ added to g would be divided by √v̂, and parameters with large gradients would hardly decay.
// DeepSeek-V2 and V3: β1 0.9, β2 0.95, λ 0.1. Like other libraries we multiply λ by lr, so decay follows the schedule.
#include "train/adamw.h"

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"

namespace seekling {

AdamW::AdamW(const NamedTensors& parameters, AdamWOptions o) : options(o) {
  for (const auto& [name, parameter] : parameters) {
    theta.push_back(parameter);
    for (const char* which : {".m", ".v"}) moment.emplace_back(name + which, parameter.shape(), options.bf16_moments);
  }
  pieces = pieces_of(theta);
}

namespace {

struct Rates {  // one update's numbers, the same for every parameter
  real beta1, beta2, eps, clip;
  real step;  // lr / (1 - β1^t)
  real root;  // (1 - β2^t)^(-1/2)
};

// What happens to a piece of a parameter: the three lines of the algorithm. All are n numbers; decay is lr λ or 0.
template <class Gradient>
void update_piece(RowMap theta, const Gradient& g, RowMap m, RowMap v, const Rates& r, real decay) {
  // Exercise 7.1a. The three lines of the algorithm at the top, for n numbers at a time. r.clip belongs to the
  // gradient; r.step is lr / (1 - β1^t) and r.root is (1 - β2^t)^(-1/2), so that the hats cost nothing; decay is lr
  // λ, or 0.
  throw Error("exercise 7.1a is not yet attempted");
  // End of exercise 7.1a.
}

}  // namespace

void AdamW::update(Index t, double lr, double clip) const {
  check(t >= 1, "AdamW: update ", t, "; updates count from 1");
  // Exercise 7.1b. Make the Rates of update t, and call update_piece for each of `pieces`: of parameter p the moments
  // are moment[2 * p] and moment[2 * p + 1], of which Lent(moment[2 * p], begin, n) gives the numbers() of a piece.
  // Parameters of one dimension do not decay. One without a gradient has a gradient of 0. A plain loop over the pieces
  // will do.
  throw Error("exercise 7.1b is not yet attempted");
  // End of exercise 7.1b.
}

}  // namespace seekling
