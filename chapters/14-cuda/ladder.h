// Attention for one head, three times: from the plainest kernels to the idea of the library's
// own (attention/attention.cu).
//   S = scale Q Kᵀ                                                                 Q, K, V, O [T,d]
//   P = softmax of the rows of S over the keys j <= i                                    S, P [T,T]
//   O = P V
// N is real, or Counted (cuda/counters.h), with which each access to memory and each
// operation is counted.
#pragma once

#include <cmath>
#include <limits>

#include "cuda/counters.h"

namespace seekling::ladder {

using emulation::Memory;
using std::exp, std::max;

constexpr int kTile = 16;

// --- Rung 1: a thread for each result ------------------------------------------------------------

// Thread (x, y) owns S(y, x).
template <class N>
__global__ void plain_scores(Memory<N> S, Memory<N> Q, Memory<N> K, real scale) {
  const Index i = blockIdx.y * blockDim.y + threadIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x;
  if (j > i) return;
  N sum = 0;
  for (Index k = 0; k < Q.cols; ++k) sum += Q(i, k) * K(j, k);
  S(i, j) = N(scale) * sum;
}

// A thread owns a row.
template <class N>
__global__ void plain_softmax(Memory<N> S) {
  const Index i = blockIdx.x * blockDim.x + threadIdx.x;
  N top = S(i, 0), sum = 0;
  for (Index j = 1; j <= i; ++j) top = max(top, N(S(i, j)));
  for (Index j = 0; j <= i; ++j) {
    const N p = exp(N(S(i, j)) - top);
    sum += p;
    S(i, j) = p;
  }
  for (Index j = 0; j <= i; ++j) S(i, j) = S(i, j) / sum;
}

// Thread (x, y) owns O(y, x).
template <class N>
__global__ void plain_mix(Memory<N> O, Memory<N> P, Memory<N> V) {
  const Index i = blockIdx.y * blockDim.y + threadIdx.y, c = blockIdx.x * blockDim.x + threadIdx.x;
  N sum = 0;
  for (Index j = 0; j <= i; ++j) sum += P(i, j) * V(j, c);
  O(i, c) = sum;
}

// --- Rung 2: the threads of a block read a tile together and share it ----------------------------

// Thread (x, y) owns S(y, x).
template <class N>
__global__ void tiled_scores(Memory<N> S, Memory<N> Q, Memory<N> K, real scale) {
  SHARED_ARRAY(N, q, [kTile][kTile + 1]);
  SHARED_ARRAY(N, k, [kTile][kTile + 1]);
  const Index i0 = Index(blockIdx.y) * kTile, j0 = Index(blockIdx.x) * kTile;
  const int x = int(threadIdx.x), y = int(threadIdx.y);
  if (j0 > i0) return;  // no key of this tile comes before any query of it
  N sum = 0;
  for (Index k0 = 0; k0 < Q.cols; k0 += kTile) {
    q[y][x] = Q(i0 + y, k0 + x);  // neighbouring threads read neighbouring numbers
    k[y][x] = K(j0 + y, k0 + x);
    __syncthreads();  // the tiles are whole
    for (int n = 0; n < kTile; ++n) sum += q[y][n] * k[x][n];
    __syncthreads();  // all are done with them
  }
  S(i0 + y, j0 + x) = N(scale) * sum;
}

// A block of kTile threads owns a row, which they walk side by side.
template <class N>
__global__ void shared_softmax(Memory<N> S) {
  SHARED_ARRAY(N, part, [2][kTile]);
  const Index i = blockIdx.x;
  N top = S(i, 0), sum = 0;
  for (Index j = threadIdx.x; j <= i; j += kTile) top = max(top, N(S(i, j)));
  part[0][threadIdx.x] = top;
  __syncthreads();
  for (int n = 0; n < kTile; ++n) top = max(top, part[0][n]);
  for (Index j = threadIdx.x; j <= i; j += kTile) {
    const N p = exp(N(S(i, j)) - top);
    sum += p;
    S(i, j) = p;
  }
  part[1][threadIdx.x] = sum;
  __syncthreads();
  sum = 0;
  for (int n = 0; n < kTile; ++n) sum += part[1][n];
  for (Index j = threadIdx.x; j <= i; j += kTile) S(i, j) = S(i, j) / sum;
}

// Thread (x, y) owns O(y, x).
template <class N>
__global__ void tiled_mix(Memory<N> O, Memory<N> P, Memory<N> V) {
  SHARED_ARRAY(N, p, [kTile][kTile + 1]);
  SHARED_ARRAY(N, v, [kTile][kTile + 1]);
  const Index i0 = Index(blockIdx.y) * kTile, c0 = Index(blockIdx.x) * kTile;
  const int x = int(threadIdx.x), y = int(threadIdx.y);
  N sum = 0;
  for (Index j0 = 0; j0 <= i0; j0 += kTile) {
    p[y][x] = j0 + x <= i0 + y ? N(P(i0 + y, j0 + x)) : N(0);
    v[y][x] = V(j0 + y, c0 + x);
    __syncthreads();
    for (int n = 0; n < kTile; ++n) sum += p[y][n] * v[n][x];
    __syncthreads();
  }
  O(i0 + y, c0 + x) = sum;
}

// --- Rung 3: one kernel --------------------------------------------------------------------------

// Over the kTile threads that share a row.
template <class N, class F>
__device__ N over_row(N x, F&& f) {
  for (int lanes = kTile / 2; lanes > 0; lanes /= 2)
    x = f(x, __shfl_xor_sync(~0u, x, lanes, kTile));
  return x;
}

// Thread (x, y) owns O(y, x), O(y, x + kTile), ... Scores live in a tile that is forgotten;
// of what a row has seen there remain a maximum m, a sum l and the sums o.
template <class N, int kWidth>
__global__ void online_attention(Memory<N> O, Memory<N> Q, Memory<N> K, Memory<N> V, real scale) {
  SHARED_ARRAY(N, q, [kTile][kWidth + 1]);
  SHARED_ARRAY(N, k, [kTile][kWidth + 1]);
  SHARED_ARRAY(N, v, [kTile][kWidth + 1]);
  SHARED_ARRAY(N, p, [kTile][kTile + 1]);
  const Index i0 = Index(blockIdx.x) * kTile;
  const int x = int(threadIdx.x), y = int(threadIdx.y);
  for (int c = x; c < kWidth; c += kTile) q[y][c] = Q(i0 + y, c);
  N m = std::numeric_limits<real>::lowest(), l = 0, o[kWidth / kTile] = {};
  for (Index j0 = 0; j0 <= i0; j0 += kTile) {
    for (int c = x; c < kWidth; c += kTile) k[y][c] = K(j0 + y, c), v[y][c] = V(j0 + y, c);
    __syncthreads();
    N s = 0;
    for (int c = 0; c < kWidth; ++c) s += q[y][c] * k[x][c];
    s = j0 + x <= i0 + y ? N(scale) * s : N(-std::numeric_limits<real>::infinity());
    const N top = max(m, over_row(s, [](N a, N b) { return max(a, b); }));
    const N e = exp(s - top), shrink = exp(m - top);
    p[y][x] = e;
    l = l * shrink + over_row(e, [](N a, N b) { return a + b; });
    m = top;
    __syncthreads();  // p is whole (its rows are a warp's own, so __syncwarp() would do)
    for (int n = 0; n < kWidth / kTile; ++n) {
      o[n] *= shrink;
      for (int j = 0; j < kTile; ++j) o[n] += p[y][j] * v[j][x + n * kTile];
    }
    __syncthreads();  // all are done with k, v and p
  }
  for (int n = 0; n < kWidth / kTile; ++n) O(i0 + y, x + n * kTile) = o[n] / l;
}

// --- The rungs. T is a multiple of 32 ------------------------------------------------------------

constexpr int kHead = 32;  // d

template <class N>
struct Problem {
  Memory<N> Q, K, V, S, O;
  real scale = real(1 / std::sqrt(double(kHead)));

  unsigned tiles() const { return unsigned(Q.rows) / kTile; }
};

template <class N>
void plain(const Problem<N>& p) {
  const dim3 block(kTile, kTile);
  cuda::launch(plain_scores<N>, dim3(p.tiles(), p.tiles()), block, p.S, p.Q, p.K, p.scale);
  cuda::launch(plain_softmax<N>, unsigned(p.S.rows) / 32, 32, p.S);
  cuda::launch(plain_mix<N>, dim3(kHead / kTile, p.tiles()), block, p.O, p.S, p.V);
}

template <class N>
void tiled(const Problem<N>& p) {
  const dim3 block(kTile, kTile);
  cuda::launch(tiled_scores<N>, dim3(p.tiles(), p.tiles()), block, p.S, p.Q, p.K, p.scale);
  cuda::launch(shared_softmax<N>, unsigned(p.S.rows), kTile, p.S);
  cuda::launch(tiled_mix<N>, dim3(kHead / kTile, p.tiles()), block, p.O, p.S, p.V);
}

template <class N>
void online(const Problem<N>& p) {
  cuda::launch(online_attention<N, kHead>, p.tiles(), dim3(kTile, kTile), p.O, p.Q, p.K, p.V,
               p.scale);
}

template <class N>
struct Rung {
  const char* name;
  void (*run)(const Problem<N>&);
};
template <class N>
constexpr Rung<N> kRungs[] = {{"plain", plain<N>}, {"tiled", tiled<N>}, {"online", online<N>}};

}  // namespace seekling::ladder
