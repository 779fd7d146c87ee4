// Routing on a GPU, as in router.cpp. An expert is chosen if fewer than K experts are better. Each
// lane counts that for its own experts, without sorting. Groups are chosen in the same way.
#include <cmath>
#include <limits>

#include "core/check.h"
#include "cuda/block.h"
#include "cuda/launch.h"
#include "experts/router.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr int kWarp = 32;
constexpr int kMostExperts = 1024;
constexpr real kTiny = real(1e-20);  // as in router.cpp

__device__ bool better(const real* scores, Index a, Index b) {  // ties to the lower index
  return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}

__device__ bool among_the_best(const real* scores, Index n, Index i, Index count) {
  Index better_ones = 0;
  for (Index other = 0; other < n; ++other) better_ones += better(scores, other, i);
  return better_ones < count;
}

__device__ real group_score(const real* scores, Index n, GroupScore score) {
  real best = -std::numeric_limits<real>::infinity(), second = best;
  for (Index i = 0; i < n; ++i) {
    if (scores[i] > best) second = best, best = scores[i];
    else second = std::max(second, scores[i]);
  }
  return score == GroupScore::kBest ? best : best + second;
}

// A warp owns a token: its row of s.
__device__ void affinities(View s, View logits, Index t, Affinity affinity) {
  real top = -std::numeric_limits<real>::infinity(), sum = 0;
  for (Index e = threadIdx.x; e < s.cols; e += kWarp) top = std::max(top, logits(t, e));
  top = block_max(top);
  for (Index e = threadIdx.x; e < s.cols; e += kWarp) {
    s(t, e) = affinity == Affinity::kSigmoid ? 1 / (1 + std::exp(-logits(t, e)))
                                             : std::exp(logits(t, e) - top);
    sum += s(t, e);
  }
  sum = block_sum(sum);
  if (affinity == Affinity::kSoftmax)
    for (Index e = threadIdx.x; e < s.cols; e += kWarp) s(t, e) /= sum;
}

// A warp owns a token: affinities, choice, gates. Only `load` is shared, and its atomic additions
// are of integers.
__global__ void route_forward_kernel(View s, View g, std::int32_t* experts, std::int32_t* load,
                                     View logits, View bias, RouterOptions o) {
  SHARED_ARRAY(real, c, [kMostExperts]);
  SHARED_ARRAY(real, groups, [kMostExperts]);
  const Index t = blockIdx.x, E = s.cols, size = E / o.n_group;

  // Affinities s, and the scores c that choose.
  affinities(s, logits, t, o.affinity);
  for (Index e = threadIdx.x; e < E; e += kWarp) c[e] = s(t, e) + (bias.data ? bias[e] : real(0));
  __syncthreads();

  // Experts outside the best groups cannot be chosen.
  if (o.n_group > 1) {
    for (Index n = threadIdx.x; n < o.n_group; n += kWarp)
      groups[n] = group_score(c + n * size, size, o.group_score);
    __syncthreads();
    for (Index e = threadIdx.x; e < E; e += kWarp)
      if (!among_the_best(groups, o.n_group, e / size, o.topk_group))
        c[e] = -std::numeric_limits<real>::infinity();
    __syncthreads();
  }

  // The K best experts in ascending order; a scan over the lanes gives each its place.
  std::int32_t* chosen = experts + t * o.K;
  std::int32_t before = 0;  // experts chosen so far
  for (Index e0 = 0; e0 < E; e0 += kWarp) {
    const Index e = e0 + threadIdx.x;
    const bool mine = e < E && among_the_best(c, E, e, o.K);
    const std::int32_t place = before + warp_scan(mine) - 1;
    if (mine && place < o.K) {  // with NaNs more than K may qualify
      chosen[place] = std::int32_t(e);
      atomicAdd(&load[e], 1);
    }
    before = __shfl_sync(0xffffffffu, place + 1, kWarp - 1);
  }
  __syncthreads();  // `chosen` is complete

  // Gates: the affinities of the chosen experts, normalised for V3.
  real sum = 0;
  for (Index k = threadIdx.x; k < o.K; k += kWarp) sum += s(t, chosen[k]);
  sum = block_sum(sum) + kTiny;
  for (Index k = threadIdx.x; k < o.K; k += kWarp)
    g(t, k) =
        o.routed_scaling_factor * s(t, chosen[k]) / (o.gate == Gate::kNormalised ? sum : real(1));
}

// A warp owns a token.
__global__ void route_backward_kernel(View dlogits, View ds, View dg, View s, View g,
                                      const std::int32_t* experts, RouterOptions o) {
  const Index t = blockIdx.x;
  const std::int32_t* chosen = experts + t * o.K;
  real sum = 0, shared = 0;
  for (Index k = threadIdx.x; k < o.K; k += kWarp)
    sum += s(t, chosen[k]), shared += g(t, k) * dg(t, k);
  sum = block_sum(sum) + kTiny, shared = block_sum(shared);
  if (o.gate != Gate::kNormalised) sum = 1, shared = 0;
  for (Index k = threadIdx.x; k < o.K; k += kWarp)
    ds(t, chosen[k]) += (o.routed_scaling_factor * dg(t, k) - shared) / sum;
  __syncthreads();  // ds is complete
  real mean = 0;
  for (Index e = threadIdx.x; e < s.cols; e += kWarp) mean += s(t, e) * ds(t, e);
  mean = block_sum(mean);
  for (Index e = threadIdx.x; e < s.cols; e += kWarp)
    dlogits(t, e) +=
        s(t, e) * (o.affinity == Affinity::kSigmoid ? (1 - s(t, e)) * ds(t, e) : ds(t, e) - mean);
}

}  // namespace

void cuda::route_forward(const Routing& r, View logits, View bias, const RouterOptions& o) {
  check(logits.cols <= kMostExperts, "route: ", logits.cols,
        " experts; on a GPU there may be at most ", kMostExperts);
  if (logits.rows == 0) return;
  launch(route_forward_kernel, unsigned(logits.rows), kWarp, r.s.view(), r.g.view(),
         r.experts.data(), r.load.data(), logits, bias, o);
}

void cuda::route_backward(View dlogits, View ds, View dg, const Routing& r,
                          const RouterOptions& o) {
  if (ds.rows == 0) return;
  launch(route_backward_kernel, unsigned(ds.rows), kWarp, dlogits, ds, dg, r.s.view(), r.g.view(),
         r.experts.data(), o);
}

}  // namespace seekling
