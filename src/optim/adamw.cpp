// AdamW: Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1) with decoupled weight decay
// (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2). With g the clipped gradient,
// in update t = 1, 2, ...:
//   m ← β1 m + (1 - β1) g                  v ← β2 v + (1 - β2) g²
//   m̂ = m / (1 - β1^t)                     v̂ = v / (1 - β2^t)
//   θ ← θ - lr ( m̂ / (√v̂ + ε) + λ θ )
// Why the hats: m starts at 0, so m = (1 - β1) Σ_s β1^(t-s) g_s, whose weights sum to 1 - β1^t.
// Divided by that, m̂ is a weighted mean from the first update on; that update moves each parameter
// by lr · sign(g).
// Why decoupled: λ θ added to g would be divided by √v̂, and parameters with large gradients would
// hardly decay. DeepSeek-V2 and V3: β1 0.9, β2 0.95, λ 0.1. Like other libraries we multiply λ
// by lr, so decay follows the schedule.
#include "optim/adamw.h"

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "optim/clip.h"

namespace seekling {

AdamW::AdamW(const NamedTensors& parameters, AdamWOptions o) : options(o) {
  for (const auto& [name, parameter] : parameters) {
    theta.push_back(parameter);
    for (const char* which : {".m", ".v"})
      moment.emplace_back(name + which, parameter.shape(), options.bf16_moments,
                          parameter.device());
  }
  sizes = sizes_of(theta);
}

// Updates one piece of a parameter, n elements: the three lines of the algorithm.
template <class Gradient>
static void update_piece(RowMap theta, const Gradient& g, RowMap m, RowMap v, const Rates& r,
                         real decay) {
  m.array() = r.beta1 * m.array() + ((1 - r.beta1) * r.clip) * g.array();
  v.array() = r.beta2 * v.array() + (1 - r.beta2) * (r.clip * g.array()).square();
  theta.array() -= r.step * m.array() / (r.root * v.array().sqrt() + r.eps) + decay * theta.array();
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
    } else {  // an expert that no token chose has a gradient of 0: its moments still decay
      update_piece(piece(u.theta), Row::Zero(n), m.numbers(), v.numbers(), rates, u.decay);
    }
  });
}

void AdamW::update(Index t, double lr, double clip) const {
  check(t >= 1, "AdamW: update ", t, "; updates count from 1");
  const double beta1_t = std::pow(options.beta1, double(t)),
               beta2_t = std::pow(options.beta2, double(t));
  const Rates rates = {.beta1 = real(options.beta1),
                       .beta2 = real(options.beta2),
                       .eps = real(options.eps),
                       .clip = real(clip),
                       .step = real(lr / (1 - beta1_t)),
                       .root = real(1 / std::sqrt(1 - beta2_t))};
  std::vector<ParameterUpdate> all;
  for (std::size_t p = 0; p < theta.size(); ++p) {
    real* const g = theta[p].has_grad() ? theta[p].grad().data() : nullptr;
    const real decay = theta[p].shape().count() > 1 ? real(lr * options.weight_decay) : 0;
    all.push_back(
        {theta[p].data(), g, moment[2 * p].kept(), moment[2 * p + 1].kept(), sizes[p], decay});
  }
  on(theta[0].device(), cpu::adamw_update, cuda::adamw_update)(all, rates);
}

}  // namespace seekling
