// The lightning indexer's scores. DeepSeek-V3.2 (arXiv:2512.02556) eq. 1:
//   I_ts = Σ_j w_tj ReLU(q_tj·k_s)      a_tjs = q_tj·k_s       j = 1 .. HI heads, which share k_s
// w may be negative, and so may a score. The paper has no constants; here `scale` multiplies w.
// Backward, dI = 0 for a key after the query:
//   dw_tj = scale Σ_s dI_ts ReLU(a_tjs)      da_tjs = scale w_tj dI_ts [a_tjs > 0]
//   dq_tj = Σ_s da_tjs k_s                   dk_s = Σ_t Σ_j da_tjs q_tj
// The a are computed again, a block of keys at a time: T·S·HI numbers are never stored.
// A thread owns a query for dw and dq, and a block of keys for dk, so that nothing is added up in
// an order that depends on the threads.
// No twin: sparse attention runs on the CPU.
#include "sparse/index_scores.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

constexpr Index kKeys = 64;  // a block

using Matrix = Eigen::Matrix<real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstRow = Eigen::Map<const Eigen::Matrix<real, 1, Eigen::Dynamic>>;
using ConstColumn = Eigen::Map<const Eigen::Matrix<real, Eigen::Dynamic, 1>>;

struct Problem {
  View q, k, w;  // rows (b,t,j), (b,s), (b,t)
  Index B, T, S, HI;
  real scale;

  View query(Index b, Index t) const { return q.middle_rows((b * T + t) * HI, HI); }
  View keys(Index b, Index begin, Index n) const { return k.middle_rows(b * S + begin, n); }
  const real* weights(Index b, Index t) const { return &w(b * T + t, 0); }
  Index end_of_keys(Index t) const { return S - T + t + 1; }
};

// da [n,HI] of a block of keys, from a and dI [n].
void flow_to_products(Matrix& a, const real* dI, const real* w, real scale) {
  for (Index s = 0; s < a.rows(); ++s)
    for (Index j = 0; j < a.cols(); ++j) a(s, j) = a(s, j) > 0 ? scale * w[j] * dI[s] : real(0);
}

void backward(const Problem& p, View dq, View dk, View dw, View dI) {
  parallel_for(p.B * p.T, 1, [&](Index row) {
    const Index b = row / p.T, t = row % p.T, end = p.end_of_keys(t);
    const View q = p.query(b, t), to_q = dq.middle_rows(row * p.HI, p.HI);
    Matrix a;
    for (Index j0 = 0; j0 < end; j0 += kKeys) {
      const Index n = std::min(kKeys, end - j0);
      const View keys = p.keys(b, j0, n);
      a.noalias() = keys.matrix() * q.matrix().transpose();
      const ConstColumn d(&dI(row, j0), n);
      dw.row(row).noalias() += p.scale * (d.transpose() * a.cwiseMax(real(0)));
      flow_to_products(a, d.data(), p.weights(b, t), p.scale);
      to_q.matrix().noalias() += a.transpose() * keys.matrix();
    }
  });
  const Index blocks = (p.S + kKeys - 1) / kKeys;
  parallel_for(p.B * blocks, 1, [&](Index task) {
    const Index b = task / blocks, j0 = task % blocks * kKeys, n = std::min(kKeys, p.S - j0);
    const View keys = p.keys(b, j0, n), to_k = dk.middle_rows(b * p.S + j0, n);
    Matrix a;
    for (Index t = std::max<Index>(0, j0 - (p.S - p.T)); t < p.T; ++t) {
      const Index seen = std::min(n, p.end_of_keys(t) - j0);
      const View q = p.query(b, t);
      a.noalias() = keys.middle_rows(0, seen).matrix() * q.matrix().transpose();
      flow_to_products(a, &dI(b * p.T + t, j0), p.weights(b, t), p.scale);
      to_k.middle_rows(0, seen).matrix().noalias() += a * q.matrix();
    }
  });
}

}  // namespace

void score_keys(real* I, View keys, View q, const real* w, real scale) {
  const ConstColumn weights(w, q.rows);
  Matrix a;
  for (Index j0 = 0; j0 < keys.rows; j0 += kKeys) {
    const Index n = std::min(kKeys, keys.rows - j0);
    a.noalias() = keys.middle_rows(j0, n).matrix() * q.matrix().transpose();
    Eigen::Map<Eigen::Matrix<real, Eigen::Dynamic, 1>>(I + j0, n).noalias() =
        scale * (a.cwiseMax(real(0)) * weights);
  }
}

Tensor index_scores(const Tensor& q, const Tensor& k, const Tensor& w, real scale) {
  const Index B = q.dim(0), T = q.dim(1), HI = q.dim(2), S = k.dim(1);
  check(k.dim(0) == B && S >= T && k.rows() == B * S && k.cols() == q.cols() && w.rows() == B * T &&
            w.cols() == HI,
        "index_scores: q ", q.shape(), ", k ", k.shape(), " and w ", w.shape(),
        " must be [B, T, HI, dI], [B, S, 1, dI] and [B, T, HI] with S at least T");
  const Tensor I = Tensor::zeros({B, T, S});
  const Problem p{q, k, w, B, T, S, HI, scale};
  parallel_for(B * T, 1, [&, to = I.view()](Index row) {
    const Index b = row / T, t = row % T;
    score_keys(&to(row, 0), p.keys(b, 0, p.end_of_keys(t)), p.query(b, t), p.weights(b, t), scale);
  });
  if (!recording()) return I;
  record("index_scores", {q, k, w}, {I},
         [=, dq = q.grad(), dk = k.grad(), dw = w.grad(), dI = I.grad()] {
           backward({q, k, w, B, T, S, HI, scale}, dq, dk, dw, dI);
         });
  return I;
}

std::vector<std::int32_t> best_keys(const Tensor& I, Index count,
                                    std::span<const std::int32_t> document_start) {
  const Index T = I.dim(1), S = I.cols(), rows = I.rows();
  std::vector<std::int32_t> best(size_t(rows * count), -1);
  parallel_for(rows, /*grain=*/16, [&, scores = I.view()](Index row) {
    const Index begin = document_start.empty() ? 0 : document_start[size_t(row)],
                end = S - T + row % T + 1, chosen = std::min(count, end - begin);
    std::vector<std::int32_t> keys(size_t(end - begin));
    std::iota(keys.begin(), keys.end(), std::int32_t(begin));
    if (chosen < end - begin)
      std::nth_element(keys.begin(), keys.begin() + chosen, keys.end(),
                       [I_t = &scores(row, 0)](std::int32_t a, std::int32_t b) {
                         return I_t[a] != I_t[b] ? I_t[a] > I_t[b] : a < b;
                       });
    std::sort(keys.begin(), keys.begin() + chosen);
    std::copy_n(keys.begin(), chosen, best.begin() + row * count);
  });
  return best;
}

}  // namespace seekling
