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
  m.array() = r.beta1 * m.array() + ((1 - r.beta1) * r.clip) * g.array();
  v.array() = r.beta2 * v.array() + (1 - r.beta2) * (r.clip * g.array()).square();
  theta.array() -= r.step * m.array() / (r.root * v.array().sqrt() + r.eps) + decay * theta.array();
}

}  // namespace

void AdamW::update(Index t, double lr, double clip) const {
  check(t >= 1, "AdamW: update ", t, "; updates count from 1");
  const double beta1_t = std::pow(options.beta1, double(t)), beta2_t = std::pow(options.beta2, double(t));
  const Rates rates = {.beta1 = real(options.beta1),
                       .beta2 = real(options.beta2),
                       .eps = real(options.eps),
                       .clip = real(clip),
                       .step = real(lr / (1 - beta1_t)),
                       .root = real(1 / std::sqrt(1 - beta2_t))};
  parallel_for(Index(pieces.size()), /*grain=*/4, [&](Index i) {
    const auto [p, begin, n] = pieces[size_t(i)];
    const auto at = [&, b = begin, k = n](const Tensor& x) { return RowMap(x.data() + b, k); };
    const Lent m(moment[2 * p], begin, n), v(moment[2 * p + 1], begin, n);
    const real decay = theta[p].shape().count() > 1 ? real(lr * options.weight_decay) : 0;
    if (theta[p].has_grad()) {
      update_piece(at(theta[p]), at(theta[p].grad()), m.numbers(), v.numbers(), rates, decay);
    } else {  // an expert that no token chose, where its tensor is its own: a gradient of 0, and yet the moments go on
      update_piece(at(theta[p]), Row::Zero(n), m.numbers(), v.numbers(), rates, decay);
    }
  });
}

}  // namespace seekling
