// The indexer's loss. DeepSeek-V3.2 (arXiv:2512.02556) eq. 3 and 4, over A_t, the keys that query t
// sees: all up to itself in the dense stage, the chosen ones in the sparse stage.
//   p_ts = 1/H Σ_h P_hts                       P: softmax of each head over A_t (attention.cpp)
//   L_I  = mean_t Σ_s p_ts (ln p_ts - ln softmax(I_t)_s)      s in A_t,  0 ln 0 = 0
// Backward: dI_ts = (softmax(I_t)_s - p_ts) / (B T) for s in A_t, as for any cross-entropy.
// The paper sums over t and names no weight; a mean makes the loss independent of the batch's size.
// p is a constant: L_I moves the indexer towards the attention and never the attention.
// No twin: sparse attention runs on the CPU.
#include "sparse/indexer_loss.h"

#include <cmath>
#include <limits>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

using Array = Eigen::Array<real, 1, Eigen::Dynamic>;

// The keys [0,S) that query t of sequence b sees; the same rule as AttentionProblem's.
struct Seen {
  Mask mask;
  Index T, S;

  template <class F>
  void for_each(Index b, Index t, const F& f) const {
    const Index row = b * T + t, end = S - T + t + 1;
    const Index document = mask.document_start.empty() ? 0 : mask.document_start[size_t(row)];
    const Index begin = std::max(document, mask.window > 0 ? end - mask.window : Index(0));
    for (Index s = begin; s < end; ++s)
      if (mask.chosen.empty() || (mask.chosen[row * key_words(S) + s / 32] >> (s % 32) & 1)) f(s);
  }
};

// ln softmax(I_t) at the keys in A_t; elsewhere untouched.
void log_softmax(real* out, const real* I, const Seen& seen, Index b, Index t) {
  real m = std::numeric_limits<real>::lowest(), sum = 0;
  seen.for_each(b, t, [&](Index s) { m = std::max(m, I[s]); });
  seen.for_each(b, t, [&](Index s) { sum += std::exp(I[s] - m); });
  const real lse = m + std::log(sum);
  seen.for_each(b, t, [&](Index s) { out[s] = I[s] - lse; });
}

}  // namespace

Tensor attention_distribution(const Pair& q, const Pair& k, real scale, const Mask& mask) {
  check(!mask.sink.defined(), "attention_distribution: a sink takes a share that no key has");
  const Tensor query = joined(q), key = joined({k.c, k.r});
  const Index B = query.dim(0), T = query.dim(1), H = query.dim(2), S = key.dim(1);
  const Tensor p = Tensor::zeros({B, T, S});
  const Heads Q(query), K(key);
  parallel_for(B * T, 1, [&, to = p.view(), seen = Seen{mask, T, S}](Index row) {
    const Index b = row / T, t = row % T, n = S - T + t + 1;
    Array s(n), P(n);
    for (Index h = 0; h < H; ++h) {
      const View q_t = Q.head(b, h, H).middle_rows(t, 1), keys = K.head(b, h, H);
      s.matrix().noalias() = scale * (q_t.matrix() * keys.middle_rows(0, n).matrix().transpose());
      log_softmax(P.data(), s.data(), seen, b, t);
      seen.for_each(b, t, [&](Index j) { to(row, j) += std::exp(P[j]) / real(H); });
    }
  });
  return p;
}

IndexerLoss indexer_loss(const Tensor& I, const Tensor& p, const Mask& mask) {
  check(I.shape() == p.shape(), "indexer_loss: scores ", I.shape(), " and attention ", p.shape(),
        " must have the same shape");
  const Index B = I.dim(0), T = I.dim(1), S = I.cols();
  const Seen seen{mask, T, S};
  const Tensor each({B, T}), mean({1}), log_q = Tensor::like(I);
  parallel_for(
      B * T, 1,
      [=, I = I.view(), p = p.view(), log_q = log_q.view(), kl_of = each.view()](Index row) {
        log_softmax(&log_q(row, 0), &I(row, 0), seen, row / T, row % T);
        real kl = 0;
        seen.for_each(row / T, row % T, [&](Index s) {
          if (p(row, s) > 0) kl += p(row, s) * (std::log(p(row, s)) - log_q(row, s));
        });
        kl_of[row] = kl;
      });
  *mean.data() = each.view().matrix().mean();
  if (!recording()) return {mean, each};
  // The mask's spans are the caller's and may be gone before backward: the documents are copied.
  const Ints documents(mask.document_start);
  record("indexer_loss", {I}, {mean}, [=, dI = I.grad(), d = mean.grad()] {
    Seen same = seen;
    same.mask.document_start = {documents.data(), size_t(documents.size())};
    const real factor = *d.data() / real(B * T);
    parallel_for(B * T, 1, [=, dI = dI.view(), p = p.view(), log_q = log_q.view()](Index row) {
      same.for_each(row / T, row % T,
                    [&](Index s) { dI(row, s) += factor * (std::exp(log_q(row, s)) - p(row, s)); });
    });
  });
  return {mean, each};
}

}  // namespace seekling
