// The balance losses on a GPU, as in balance.cpp: first integer counts, then w and L = Σ_i w_i P_i
// of each sequence.
#include "core/check.h"
#include "cuda/block.h"
#include "cuda/launch.h"
#include "experts/balance.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr int kWarp = 32, kTokens = 16;  // experts and tokens of a block's step
constexpr int kMostExperts = 1024;

// Σ_j s_j of a token, summed by a warp; 1 without normalisation.
__device__ real norm(View s, Index t, bool normalise) {
  if (!normalise) return 1;
  real sum = 0;
  for (Index e = threadIdx.x; e < s.cols; e += kWarp) sum += s(t, e);
  return warp_sum(sum);
}

// A block owns a sequence b: its row of w, and its share of the loss.
__global__ void balance_forward_kernel(View losses, View w, View s, const std::int32_t* experts,
                                       Index K, BalanceOptions o) {
  SHARED_ARRAY(std::int32_t, hits, [kMostExperts]);
  SHARED_ARRAY(std::int32_t, sent, [kMostExperts]);  // tokens that go to a group
  SHARED_ARRAY(real, part, [kTokens][kWarp]);
  const Index b = blockIdx.x, E = s.cols, T = s.rows / w.rows, size = E / o.n_group;
  const int thread = int(threadIdx.y) * kWarp + int(threadIdx.x), threads = kTokens * kWarp;
  // Count the choices of each expert and the tokens sent to each group.
  for (Index e = thread; e < E; e += threads) hits[e] = sent[e] = 0;
  __syncthreads();
  for (Index n = thread; n < T * K; n += threads) {
    const std::int32_t* choice = experts + b * T * K + n;
    const Index g = *choice / size;
    atomicAdd(&hits[*choice], 1);
    if (n % K == 0 || choice[-1] / size != g) atomicAdd(&sent[g], 1);  // experts ascend
  }
  __syncthreads();
  // For 32 experts at a time: P over the tokens, w from the counts, and their share of the loss.
  const real f = real(E) / real(K * T), f_sent = real(o.n_group) / real(o.topk_group * T);
  real loss = 0;
  for (Index e0 = 0; e0 < E; e0 += kWarp) {
    const Index e = e0 + threadIdx.x;
    real P = 0;
    for (Index t = b * T + threadIdx.y; t < (b + 1) * T; t += kTokens) {
      const real sum = norm(s, t, o.normalise());
      if (e < E) P += s(t, e) / sum;
    }
    part[threadIdx.y][threadIdx.x] = P;
    __syncthreads();
    if (threadIdx.y == 0 && e < E) {
      for (int y = 1; y < kTokens; ++y) P += part[y][threadIdx.x];
      Index in_group = 0;
      for (Index i = e / size * size; i < (e / size + 1) * size; ++i) in_group += hits[i];
      w(b, e) = o.expert * f * real(hits[e]) + o.device * f * real(in_group) / real(size) +
                o.communication * f_sent * real(sent[e / size]);
      loss += w(b, e) * P / real(T);
    }
    __syncthreads();  // no thread needs `part`
  }
  loss = warp_sum(loss);  // only the first warp has shares
  if (thread == 0) losses[b] = loss;
}

// One thread.
__global__ void mean_kernel(View mean, View x) {
  real sum = 0;
  for (Index i = 0; i < x.rows * x.cols; ++i) sum += x[i];
  mean[0] = sum / real(x.rows * x.cols);
}

// A warp owns a token.
__global__ void balance_backward_kernel(View ds, View d_loss, View w, View s, bool normalise) {
  const Index t = blockIdx.x, b = t / (s.rows / w.rows);
  const real scale = d_loss[0] / real(s.rows), sum = norm(s, t, normalise);
  real shared = 0;
  if (normalise)
    for (Index e = threadIdx.x; e < s.cols; e += kWarp) shared += s(t, e) / sum * w(b, e);
  shared = warp_sum(shared);
  for (Index e = threadIdx.x; e < s.cols; e += kWarp) ds(t, e) += scale * (w(b, e) - shared) / sum;
}

// A thread owns an expert.
__global__ void update_correction_bias_kernel(View bias, const std::int32_t* load, Index E,
                                              real speed) {
  const Index i = Index(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= E) return;
  Index all = 0;
  for (Index e = 0; e < E; ++e) all += load[e];
  const Index above = E * load[i];
  bias[i] += above < all ? speed : above > all ? -speed : real(0);
}

}  // namespace

void cuda::balance_forward(View loss, View w, const Routing& r, const BalanceOptions& o) {
  check(w.cols <= kMostExperts, "balance_loss: ", w.cols,
        " experts; on a GPU there may be at most ", kMostExperts);
  const Tensor losses({w.rows}, Device::kCuda);
  launch(balance_forward_kernel, unsigned(w.rows), dim3(kWarp, kTokens), losses.view(), w,
         r.s.view(), r.experts.data(), r.g.cols(), o);
  launch(mean_kernel, 1, 1, loss, losses.view());
}

void cuda::balance_backward(View ds, View d_loss, View w, View s, const BalanceOptions& o) {
  if (s.rows > 0)
    launch(balance_backward_kernel, unsigned(s.rows), kWarp, ds, d_loss, w, s, o.normalise());
}

void cuda::update_correction_bias(View bias, const Ints& load, real speed) {
  launch(update_correction_bias_kernel, unsigned((load.size() + 127) / 128), 128, bias, load.data(),
         load.size(), speed);
}

}  // namespace seekling
