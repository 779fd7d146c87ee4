// Balance. DeepSeek-V2 (arXiv:2405.04434) §2.2.3, over the T tokens of a sequence,
// experts in D groups E_1 .. E_D:
//   expert level         α1 Σ_i f_i P_i        (23)
//     f_i   = E/(K T) Σ_t [t chose i]          (24)      P_i   = 1/T Σ_t s_i,t          (25)
//   device level         α2 Σ_g f'_g P'_g      (26)
//     f'_g  = mean of f_i, i in E_g            (27)      P'_g  = Σ P_i, i in E_g        (28)
//   communication level  α3 Σ_g f''_g P''_g    (29)
//     f''_g = D/(M T) Σ_t [t goes to g]        (30)      P''_g = P'_g                   (31)
// DeepSeek-V3 (arXiv:2412.19437) eq. 17-20 is (23) with P from s' = s / Σ_j s_j.
// f counts the actual choices; V3's eq. 18 as printed would count the choices by the scores only,
// without bias and groups.
//
// The f are counts, and P'_g is a sum of P_i, so all three are one form: L = Σ_i w_i P_i,
// with, for i in E_g,
//   w_i = α1 f_i + α2 f'_g + α3 f''_g
// Backward: ds_i,t = w_i / T. Normalised: ds_i = (ds'_i - Σ_j s'_j ds'_j) / Σ_j s_j.
// At perfect balance every f is 1 and Σ P = 1, so each loss is its α.
//
// Without a loss (Wang et al. 2024, arXiv:2408.15664, algorithm 1; V3 §2.1.2): after each step,
// with c_i the number of tokens of expert i in that step,
//   b_i ← b_i + γ sign(mean(c) - c_i)
#include "experts/balance.h"

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

// w for tokens [begin, begin + T) with their choices, experts [T,K].
Row weights(const std::int32_t* experts, Index T, Index E, Index K, const BalanceOptions& o) {
  const Index size = E / o.n_group;
  Row f = Row::Zero(E), sent = Row::Zero(o.n_group);
  for (Index t = 0; t < T; ++t)
    for (Index k = 0; k < K; ++k) {
      const Index i = experts[t * K + k], g = i / size;
      f[i] += real(E) / real(K * T);
      const bool first_there = k == 0 || experts[t * K + k - 1] / size != g;  // experts ascend
      if (first_there) sent[g] += real(o.n_group) / real(o.topk_group * T);
    }
  Row w = o.expert * f;
  for (Index g = 0; g < o.n_group; ++g)
    w.segment(g * size, size).array() +=
        o.device * f.segment(g * size, size).mean() + o.communication * sent[g];
  return w;
}

Row affinity(View s, Index t, bool normalise) {
  return s.row(t) / (normalise ? s.row(t).sum() : real(1));
}

}  // namespace

void cpu::balance_forward(View loss, View w, const Routing& routing, const BalanceOptions& o) {
  const View s = routing.s;
  const Index sequences = w.rows, T = s.rows / sequences, E = s.cols, K = routing.g.cols();
  loss[0] = 0;
  for (Index b = 0; b < sequences; ++b) {
    w.row(b) = weights(routing.experts.data() + b * T * K, T, E, K, o);
    Row P = Row::Zero(E);
    for (Index t = b * T; t < (b + 1) * T; ++t) P += affinity(s, t, o.normalise()) / real(T);
    loss[0] += w.row(b).dot(P) / real(sequences);
  }
}

void cpu::balance_backward(View ds, View d_loss, View w, View s, const BalanceOptions& o) {
  const real scale = d_loss[0] / real(s.rows);
  parallel_for(s.rows, /*grain=*/64, [=, T = s.rows / w.rows, normalise = o.normalise()](Index t) {
    const auto d = w.row(t / T);
    if (normalise) {
      ds.row(t).array() += scale * (d.array() - affinity(s, t, true).dot(d)) / s.row(t).sum();
    } else {
      ds.row(t) += scale * d;
    }
  });
}

Tensor balance_loss(const Routing& routing, Index sequences, const BalanceOptions& o) {
  const Tensor& s = routing.s;
  const Index N = s.rows(), E = s.cols();
  check(N % sequences == 0, "balance_loss: ", N, " tokens are not ", sequences,
        " sequences of equal length");
  check(E % o.n_group == 0, "balance_loss: ", E, " experts are not ", o.n_group,
        " groups of equal size");
  const Tensor w({sequences, E}, s.device()), loss({1}, s.device());
  on(s.device(), cpu::balance_forward, cuda::balance_forward)(loss, w, routing, o);
  record("balance_loss", {s}, {loss}, [s, w, o, d_loss = loss.grad()] {
    on(s.device(), cpu::balance_backward, cuda::balance_backward)(s.grad(), d_loss, w, s, o);
  });
  return loss;
}

void cpu::update_correction_bias(View bias, const Ints& load, real speed) {
  const Index E = load.size();
  Index all = 0;
  for (const std::int32_t c : load) all += c;
  for (Index i = 0; i < E; ++i) {
    const Index above = E * load[i];  // compares with the mean in integers, free of rounding
    bias[i] += above < all ? speed : above > all ? -speed : 0;
  }
}

void update_correction_bias(const Tensor& bias, const std::vector<Index>& load, real speed) {
  check(bias.size() == Index(load.size()), "update_correction_bias: ", load.size(),
        " experts have a load, the bias is ", bias.shape());
  const std::vector<std::int32_t> tokens(load.begin(), load.end());
  on(bias.device(), cpu::update_correction_bias, cuda::update_correction_bias)(
      bias, Ints(tokens, bias.device()), speed);
}

}  // namespace seekling
