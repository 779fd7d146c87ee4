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
#include "train/clip.h"

namespace seekling {

AdamW::AdamW(const NamedTensors& parameters, AdamWOptions o) : options(o) {
  for (const auto& [name, parameter] : parameters) {
    theta.push_back(parameter);
    for (const char* which : {".m", ".v"})
      moment.emplace_back(name + which, parameter.shape(), options.bf16_moments, parameter.device());
  }
  sizes = sizes_of(theta);
}

// What happens to a piece of a parameter: the three lines of the algorithm. All are n numbers.
template <class Gradient>
static void update_piece(RowMap theta, const Gradient& g, RowMap m, RowMap v, const Rates& r, real decay) {
  // Exercise 7.1a. The three lines of the algorithm at the top, for n numbers at a time. r.clip belongs to the
  // gradient; r.step is lr / (1 - β1^t) and r.root is (1 - β2^t)^(-1/2), so that the hats cost nothing; decay is lr
  // λ, or 0.
  throw Error("exercise 7.1a is not yet attempted");
  // End of exercise 7.1a.
}

void cpu::adamw_update(std::span<const ParameterUpdate> parameters, const Rates& rates) {
  std::vector<Index> sizes;
  for (const ParameterUpdate& u : parameters) sizes.push_back(u.n);
  const std::vector<Piece> pieces = pieces_of(sizes);
  parallel_for(Index(pieces.size()), /*grain=*/4, [&](Index i) {
    const auto [p, begin, n] = pieces[size_t(i)];
    const ParameterUpdate& u = parameters[p];
    const auto piece = [b = begin, k = n](real* x) { return RowMap(x + b, k); };
    const Lent m(u.m, begin, n), v(u.v, begin, n);
    if (u.g) {
      update_piece(piece(u.theta), piece(u.g), m.numbers(), v.numbers(), rates, u.decay);
    } else {  // an expert that no token chose, where its tensor is its own: a gradient of 0, and yet the moments go on
      update_piece(piece(u.theta), Row::Zero(n), m.numbers(), v.numbers(), rates, u.decay);
    }
  });
}

void AdamW::update(Index t, double lr, double clip) const {
  check(t >= 1, "AdamW: update ", t, "; updates count from 1");
  // Exercise 7.1b. Make the Rates of update t and the list of what it reads and writes, a ParameterUpdate for each
  // parameter: of number p the moments are moment[2 * p] and moment[2 * p + 1], of which kept() says where they lie.
  // Parameters of one dimension do not decay. One without a gradient has nullptr for it. Then call cpu::adamw_update
  // with both.
  throw Error("exercise 7.1b is not yet attempted");
  // End of exercise 7.1b.
}

}  // namespace seekling
