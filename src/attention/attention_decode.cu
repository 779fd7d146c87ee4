// Attention for few queries and many keys: absorbed decoding, where all heads share one latent row
// per token, which is both key and value (DeepSeek-V2, arXiv:2405.04434 §2.1.2). Every row of the
// cache is read once and used by all heads. The cost is the load of its d values and the d + v
// multiply-adds per query row.
//
// So a block loads 8 whole keys into shared memory and does all of their work for up to 16 queries
// while the next 8 are being loaded:
//   scores    queries x keys are one tile of the matrix units, 16 x 8. Each of the 8 warps handles
//             every 8th piece of 8 of the d values and keeps its share of the queries in registers;
//             the 8 partial sums are then added
//   softmax   online, as in attention.cpp; 8 neighbouring threads share a query, one key each
//   values    the 8 keys are now the k dimension of the product, and the values' columns are the
//             tile's columns: a warp handles every 8th piece of columns
// Products are exact fp32 (multiply_add in cuda/matrix_units.h) whatever products() says, because
// memory is the bottleneck. The keys are split among enough blocks to keep the GPU busy, and the
// parts are combined by their lse (Flash-Decoding, Dao et al. 2023).
#include <cmath>
#include <limits>

#include "attention/attention_decode.h"
#include "cuda/block.h"
#include "cuda/matrix_units.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr real kMinusInfinity = -std::numeric_limits<real>::infinity();
constexpr int kWarps = 8, kThreads = 32 * kWarps;
constexpr int kQueries = 16, kKeys = 8;        // queries of a block; keys per step
constexpr int kPiece = 8;                      // values that a matrix unit multiplies at once
constexpr int kMost = 576, kMostValues = 512;  // of a key: 512 latent, 64 rotary
constexpr int kRow = kMost + 4;                // padded: 8 rows fall into different banks
constexpr int kKeyPieces = kMost / (kPiece * kWarps),
              kValuePieces = kMostValues / (kPiece * kWarps);  // of a warp
constexpr Index kMostRows = 128;  // queries up to which this kernel is fastest
constexpr int kMostSplits = 1024;
constexpr Index kBusy = 264, kLeastSpan = 4 * kKeys;  // blocks for a busy GPU; least keys per block

__device__ int warp_of_block() { return int(threadIdx.x) / 32; }

// The first value or column of a warp's piece.
__device__ int piece(int number) { return (number * kWarps + warp_of_block()) * kPiece; }

// Starts loading 8 keys from j0 on, one per warp: [content; rotary], padded with zeros so that
// every warp has whole pieces.
__device__ void fetch_keys(real (*keys)[kRow], const View& c, const View& r, int j0) {
  const int j = j0 + warp_of_block(), cols = int(c.cols), all = int(c.cols + r.cols);
  const int end = (all + kPiece * kWarps - 1) / (kPiece * kWarps) * (kPiece * kWarps);
  for (int k = lane_of_warp() * kPack; k < end; k += 32 * kPack) {
    const bool there = j < c.rows && k < all;
    fetch(&keys[warp_of_block()][k],
          !there     ? c.data
          : k < cols ? &c(j, k)
                     : &r(j, k - cols),
          there);
  }
}

// The number of keys per block if there are `splits` blocks.
constexpr Index span_of(Index S, Index splits) {
  const Index span = (S + splits - 1) / splits;
  return (span < kLeastSpan ? kLeastSpan : span + kKeys - 1) / kKeys * kKeys;
}

// The arrays in shared memory. Below, lanes are named t and g, as in cuda/matrix_units.h.
struct SharedDecode {
  real (*keys)[kKeys][kRow];      // [2] double buffer: the keys in use and those being loaded
  real (*sums)[kQueries][kKeys];  // [kWarps] partial scores of each warp
  real (*P)[kKeys];               // [kQueries] softmax weights of the current keys
  real* shrink;                   // [kQueries] the factor on what is accumulated so far
};

// Partial scores of this warp's pieces of the keys.
__device__ void partial_scores(const UnitA<real> (&q)[kKeyPieces], const SharedDecode& shared,
                               int now, int d) {
  const int g = lane_of_warp() / 4, t = lane_of_warp() % 4;
  UnitC s[3] = {};  // three independent sums hide the latency of each
  UNROLL for (int k = 0; k < kKeyPieces; ++k) if (piece(k) < d) {
    const real* key = &shared.keys[now][g][piece(k) + t];
    multiply_add(s[k % 3], q[k], UnitB<real>{{key[0], key[4]}});
  }
  UNROLL for (int n = 0; n < 4; ++n) shared.sums[warp_of_block()][g + n / 2 * 8][2 * t + n % 2] =
      s[0].of[n] + s[1].of[n] + s[2].of[n];
}

// Online softmax: query `mine` and key number `nth` of the current 8, seen if it is. Updates the
// running maximum m and sum l of the query.
__device__ void soften(const SharedDecode& shared, int mine, int nth, bool seen, real scale,
                       real& m, real& l) {
  real score = kMinusInfinity;
  if (seen) {
    score = 0;
    UNROLL for (int w = 0; w < kWarps; ++w) score += shared.sums[w][mine][nth];
    score *= scale;
  }
  real top = std::max(m, score);
  for (int lanes = kKeys / 2; lanes > 0; lanes /= 2)
    top = std::max(top, __shfl_xor_sync(kAllLanes, top, lanes));
  score = std::exp(score - top);
  real sum = score;
  for (int lanes = kKeys / 2; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(kAllLanes, sum, lanes);
  shared.P[mine][nth] = score;
  if (nth == 0) shared.shrink[mine] = std::exp(m - top);
  l = l * std::exp(m - top) + sum, m = top;
}

// Rescales the accumulated outputs and adds the weighted values of the current keys.
__device__ void add_values(UnitC (&acc)[kValuePieces], const SharedDecode& shared, int now, int v) {
  const int g = lane_of_warp() / 4, t = lane_of_warp() % 4;
  // The order of the keys in the k dimension is free if both factors agree on it: in this one a
  // lane's weights are neighbours, and the 32 lanes read 32 banks.
  const auto& P = shared.P;
  const UnitA<real> weights{{P[g][2 * t], P[g + 8][2 * t], P[g][2 * t + 1], P[g + 8][2 * t + 1]}};
  const real shrink_by[2] = {shared.shrink[g], shared.shrink[g + 8]};
  UNROLL for (int k = 0; k < kValuePieces; ++k) if (piece(k) < v) {
    UNROLL for (int n = 0; n < 4; ++n) acc[k].of[n] *= shrink_by[n / 2];
    const int column = piece(k) + g;
    multiply_add(
        acc[k], weights,
        UnitB<real>{{shared.keys[now][2 * t][column], shared.keys[now][2 * t + 1][column]}});
  }
}

// This warp's share of the queries in registers; query(i, k) is element k of row i.
template <class Query>
__device__ void load_queries(UnitA<real> (&q)[kKeyPieces], int row0, const Query& query) {
  const int g = lane_of_warp() / 4, t = lane_of_warp() % 4;
  UNROLL for (int k = 0; k < kKeyPieces; ++k) UNROLL for (int n = 0; n < 4; ++n) q[k].of[n] =
      query(row0 + g + n % 2 * 8, piece(k) + t + n / 2 * 4);
}

// Writes the normalised outputs of row0 and the rows after it; row_of(i) is the row of o.
template <class RowOf>
__device__ void store_outputs(View o, const UnitC (&acc)[kValuePieces], const real* share, int row0,
                              int rows, int v, const RowOf& row_of) {
  const int g = lane_of_warp() / 4, t = lane_of_warp() % 4;
  UNROLL for (int k = 0; k < kValuePieces; ++k) UNROLL for (int n = 0; n < 4; ++n) {
    const int i = g + n / 2 * 8, column = piece(k) + 2 * t + n % 2;
    if (row0 + i < rows && column < v) o(row_of(row0 + i), column) = share[i] * acc[k].of[n];
  }
}

// A block owns span x of the keys, for a tile of the queries of one key head (y) and sequence z;
// part x of o and lse begins x · B T H rows further down.
__global__ void __launch_bounds__(kThreads, 2)
    attention_decode_kernel(View o, View lse, AttentionProblem asked, int group, int tiles) {
  SHARED_ARRAY(real, keys, [2][kKeys][kRow]);
  SHARED_ARRAY(real, sums, [kWarps][kQueries][kKeys]);
  SHARED_ARRAY(real, P, [kQueries][kKeys]);
  SHARED_ARRAY(real, shrink, [kQueries]);
  const SharedDecode shared{keys, sums, P, shrink};
  const AttentionProblem p = asked.now();
  const int batch = int(blockIdx.z);
  const int h0 = int(blockIdx.y) / tiles * group, row0 = int(blockIdx.y) % tiles * kQueries,
            rows = int(p.T) * group;
  const View c = p.k_c.head(batch, h0, p.H), r = p.k_r.head(batch, h0, p.H);
  const int span = int(span_of(p.S, gridDim.x)), begin = int(blockIdx.x) * span,
            end = std::min(int(p.S), begin + span), d = int(p.d()), v = int(p.v.width);
  const auto row_of = [&](int i) {
    return (Index(batch) * p.T + i / group) * p.H + h0 + i % group;
  };
  // A block without keys: a captured graph reserves it for keys of later steps.
  const Index part = Index(blockIdx.x) * p.B * p.T * p.H;
  if (begin >= end) {
    if (threadIdx.x < kQueries && row0 + int(threadIdx.x) < rows)
      lse[part + row_of(row0 + int(threadIdx.x))] = kMinusInfinity;
    return;
  }
  // Start loading the first keys; load this warp's share of the queries into registers.
  fetch_keys(keys[0], c, r, begin);
  const auto query = [&](int i, int k) {
    if (i >= rows || k >= d) return real(0);
    return k < c.cols ? p.q_c.x(row_of(i), k) : p.q_r.x(row_of(i), k - c.cols);
  };
  UnitA<real> q[kKeyPieces];
  load_queries(q, row0, query);
  // The first threads compute the softmax: query `mine`, key number `nth` of each 8.
  const int mine = int(threadIdx.x) / kKeys, nth = int(threadIdx.x) % kKeys, my_row = row0 + mine;
  const bool softens = mine < kQueries;
  const int until =
      softens && my_row < rows ? std::min(end, int(p.end_of_keys(my_row / group))) : 0;
  real m = std::numeric_limits<real>::lowest(), l = 0;  // finite: m - m' is a number
  UnitC acc[kValuePieces] = {};
  // Walk over the keys, 8 at a time; the next 8 are loaded meanwhile.
  int now = 0;
  for (int j0 = begin; j0 < end; j0 += kKeys, now ^= 1) {
    wait_for_fetches();
    __syncthreads();  // these keys are loaded, and no thread needs those before
    if (j0 + kKeys < end) fetch_keys(keys[now ^ 1], c, r, j0 + kKeys);
    partial_scores(q, shared, now, d);
    __syncthreads();
    if (softens) soften(shared, mine, nth, j0 + nth < until, p.scale, m, l);
    __syncthreads();
    add_values(acc, shared, now, v);
  }

  // Normalise, and write this part of o and lse.
  __syncthreads();  // no thread needs shrink any more
  if (softens && nth == 0) {
    shrink[mine] = l > 0 ? 1 / l : real(0);  // 0: this part sees none of the query's keys
    if (my_row < rows) lse[part + row_of(my_row)] = l > 0 ? m + std::log(l) : kMinusInfinity;
  }
  __syncthreads();
  store_outputs(o, acc, shrink, row0, rows, v, [&](int i) { return part + row_of(i); });
}

// A block owns 32 packs (y) of a row of o (x): the mean of its parts, weighted by
// exp(lse_s). Each of the 8 warps adds every 8th part.
template <bool kAligned>
__global__ void merge_parts_kernel(View o, View lse, View parts, View lse_parts, int splits) {
  SHARED_ARRAY(real, weight, [kMostSplits]);
  SHARED_ARRAY(Pack, mean_of, [kWarps][32]);
  const Index row = blockIdx.x, rows = o.rows,
              column = Index(blockIdx.y * 32 + threadIdx.x % 32) * kPack;
  real top = kMinusInfinity, sum = 0;
  for (int s = int(threadIdx.x); s < splits; s += kThreads)
    top = std::max(top, lse_parts[s * rows + row]);
  top = block_max(top);
  for (int s = int(threadIdx.x); s < splits; s += kThreads) {
    weight[s] = std::exp(lse_parts[s * rows + row] - top);
    sum += weight[s];
  }
  sum = block_sum(sum);  // also a barrier: all weights are written
  Pack mean = {};
  for (int s = int(threadIdx.x) / 32; s < splits && column < o.cols; s += kWarps) {
    if (weight[s] == 0) continue;
    const Pack part = load<kAligned>(parts, s * rows + row, column);
    UNROLL for (int n = 0; n < kPack; ++n) mean[n] += weight[s] * part[n];
  }
  mean_of[threadIdx.x / 32][threadIdx.x % 32] = mean;
  __syncthreads();
  if (threadIdx.x >= 32 || column >= o.cols) return;
  for (int w = 1; w < kWarps; ++w)
    for (int n = 0; n < kPack; ++n) mean[n] += mean_of[w][threadIdx.x][n];
  store<kAligned>(o, row, column, with_each([&](int n) { return mean[n] / sum; }));
  if (column == 0) lse[row] = top + std::log(sum);
}

}  // namespace

bool cuda::is_absorbed_decode(const AttentionProblem& p) {
  return p.v.x.data == p.k_c.x.data && p.v.x.ld == p.k_c.x.ld && p.v.width == p.k_c.width &&
         p.v.width <= kMostValues && p.d() <= kMost &&
         (p.k_r.width == 0 || p.k_r.heads == p.v.heads) && p.T * p.H / p.v.heads <= kMostRows &&
         !p.is_masked() && aligned({p.q_c.x, p.q_r.x, p.k_c.x, p.k_r.x});
}

void cuda::attention_decode(View o, View lse, const AttentionProblem& p) {
  const Index group = p.H / p.v.heads, tiles = (p.T * group + kQueries - 1) / kQueries;
  const Index blocks = p.v.heads * tiles * p.B,
              most = std::min<Index>(kMostSplits, (kBusy + blocks - 1) / blocks);
  const Index span = span_of(p.S, most), splits = p.plays ? most : (p.S + span - 1) / span;
  const Index parts = splits > 1 ? splits * o.rows : 0;
  const Tensor o_parts({parts, o.cols}, Device::kCuda), lse_parts({parts}, Device::kCuda);
  launch(attention_decode_kernel,
         dim3(unsigned(splits), unsigned(p.v.heads * tiles), unsigned(p.B)), kThreads,
         splits > 1 ? o_parts.view() : o, splits > 1 ? lse_parts.view() : lse, p, int(group),
         int(tiles));
  if (splits > 1) merge_parts(o, lse, o_parts, lse_parts, splits);
}

void cuda::merge_parts(View o, View lse, View o_parts, View lse_parts, Index splits) {
  const dim3 grid(unsigned(o.rows), unsigned((o.cols + 32 * kPack - 1) / (32 * kPack)));
  launch(aligned({o, o_parts}) ? merge_parts_kernel<true> : merge_parts_kernel<false>, grid,
         kThreads, o, lse, o_parts, lse_parts, int(splits));
}

}  // namespace seekling
