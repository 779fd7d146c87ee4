// Routing. DeepSeek-V2 (arXiv:2405.04434) eq. 20-22, device-limited §2.2.2; DeepSeek-V3
// (arXiv:2412.19437) eq. 12-16.
//   s = softmax(logits) over all E experts (V2), or sigmoid(logits) (V3)            logits, s [N,E]
//   chosen: the K largest s + b in the topk_group best of n_group groups; ties to the lower index
//   g_i = s_i, for V3 divided by their sum over the chosen, times routed_scaling_factor     g [N,K]
// Backward. The choice is piecewise constant, so gradients pass only through g (b gets none):
//   normalised: g_i = c s_i / Σ, hence ds_i = (c dg_i - Σ_j g_j dg_j) / Σ;  otherwise ds_i = c dg_i
//   softmax: dlogit_i = s_i (ds_i - Σ_j s_j ds_j): experts that were not chosen learn too
//   sigmoid: dlogit_i = s_i (1 - s_i) ds_i
#include "experts/router.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

constexpr real kTiny = real(1e-20);  // Hugging Face's guard in the normalisation
constexpr real kOne = 1;

void affinities(View s, View logits, Affinity affinity) {
  parallel_for(s.rows, /*grain=*/64, [=](Index t) {
    const auto x = logits.row(t).array();
    // A copy: the order of Eigen's sums depends on the alignment of the row.
    Eigen::Array<real, 1, Eigen::Dynamic> a;
    if (affinity == Affinity::kSigmoid) {
      a = kOne / (kOne + (-x).exp());
    } else {
      a = (x - x.maxCoeff()).exp();
      a /= a.sum();
    }
    s.row(t).array() = a;
  });
}

// The n largest of `scores`, as ascending indices.
std::vector<Index> largest(const std::vector<real>& scores, Index n) {
  std::vector<Index> order(scores.size());
  std::iota(order.begin(), order.end(), Index(0));
  std::partial_sort(order.begin(), order.begin() + n, order.end(), [&](Index a, Index b) {
    return scores[size_t(a)] != scores[size_t(b)] ? scores[size_t(a)] > scores[size_t(b)] : a < b;
  });
  order.resize(size_t(n));
  std::sort(order.begin(), order.end());
  return order;
}

real group_score(const real* scores, Index n, GroupScore score) {
  if (score == GroupScore::kBest) return *std::max_element(scores, scores + n);
  real best = -std::numeric_limits<real>::infinity(), second = best;
  for (Index i = 0; i < n; ++i) {
    if (scores[i] > best) second = best, best = scores[i];
    else second = std::max(second, scores[i]);
  }
  return best + second;
}

std::vector<Index> choose(std::vector<real> c, const RouterOptions& o) {
  if (o.n_group > 1) {
    const Index size = Index(c.size()) / o.n_group;
    std::vector<real> groups;
    for (Index g = 0; g < o.n_group; ++g)
      groups.push_back(group_score(c.data() + g * size, size, o.group_score));
    const std::vector<Index> kept = largest(groups, o.topk_group);
    for (Index g = 0; g < o.n_group; ++g)
      if (!std::binary_search(kept.begin(), kept.end(), g))
        std::fill_n(c.begin() + g * size, size, -std::numeric_limits<real>::infinity());
  }
  return largest(c, o.K);
}

real chosen_sum(View s, const std::int32_t* experts, Index t, Index K) {
  real sum = 0;
  for (Index k = 0; k < K; ++k) sum += s(t, experts[k]);
  return sum + kTiny;
}

void gates_backward(View ds, View dg, View g, View s, const Ints& experts, const RouterOptions& o) {
  const Index K = o.K;
  parallel_for(s.rows, /*grain=*/64, [=, &experts, &o](Index t) {
    const std::int32_t* chosen = experts.data() + t * K;
    const real sum = o.gate == Gate::kNormalised ? chosen_sum(s, chosen, t, K) : 1;
    const real shared = o.gate == Gate::kNormalised ? g.row(t).dot(dg.row(t)) : 0;
    for (Index k = 0; k < K; ++k)
      ds(t, chosen[k]) += (o.routed_scaling_factor * dg(t, k) - shared) / sum;
  });
}

void affinities_backward(View dlogits, View ds, View s, Affinity affinity) {
  parallel_for(s.rows, /*grain=*/64, [=](Index t) {
    const auto a = s.row(t).array(), da = ds.row(t).array();
    if (affinity == Affinity::kSigmoid) {
      dlogits.row(t).array() += a * (kOne - a) * da;
    } else {
      dlogits.row(t).array() += a * (da - (a * da).sum());
    }
  });
}

}  // namespace

void cpu::route_forward(const Routing& routing, View logits, View bias, const RouterOptions& o) {
  const View s = routing.s, g = routing.g;
  affinities(s, logits, o.affinity);
  parallel_for(s.rows, /*grain=*/64, [&, s, g](Index t) {
    std::vector<real> c(s.row(t).data(), s.row(t).data() + s.cols);
    if (bias.data)
      for (Index e = 0; e < s.cols; ++e) c[size_t(e)] += bias[e];
    const std::vector<Index> chosen = choose(std::move(c), o);
    std::int32_t* experts = routing.experts.data() + t * o.K;
    std::copy(chosen.begin(), chosen.end(), experts);
    const real sum = o.gate == Gate::kNormalised ? chosen_sum(s, experts, t, o.K) : 1;
    for (Index k = 0; k < o.K; ++k) g(t, k) = o.routed_scaling_factor * s(t, experts[k]) / sum;
  });
  for (const std::int32_t e : routing.experts) ++routing.load[e];
}

void cpu::route_backward(View dlogits, View ds, View dg, const Routing& routing,
                         const RouterOptions& o) {
  gates_backward(ds, dg, routing.g, routing.s, routing.experts, o);
  affinities_backward(dlogits, ds, routing.s, o.affinity);
}

Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& o) {
  const Index N = logits.rows(), E = logits.cols(), K = o.K;
  check(K >= 1 && K <= E && E % o.n_group == 0 && o.topk_group <= o.n_group &&
            K <= E / o.n_group * o.topk_group,
        "route: ", K, " of ", E, " experts in ", o.n_group, " groups of which ", o.topk_group,
        " are kept");
  const Device device = logits.device();
  const Routing routing{Tensor({N, E}, device), Tensor({N, K}, device), Ints(N * K, device),
                        Ints::zeros(E, device)};
  on(device, cpu::route_forward, cuda::route_forward)(routing, logits,
                                                      bias.defined() ? bias.view() : View{}, o);
  if (!recording()) return routing;
  record("route", {logits}, {routing.s, routing.g}, [=] {
    on(device, cpu::route_backward, cuda::route_backward)(logits.grad(), routing.s.grad(),
                                                          routing.g.grad(), routing, o);
  });
  return routing;
}

}  // namespace seekling
