// Attention for few queries and many keys: absorbed decoding, where all heads share one latent row a token, which is key and
// value in one (DeepSeek-V2, arXiv:2405.04434 §2.1.2). Each row of the cache is needed by all heads, and once: what takes
// the time is to bring it, d numbers, and 2 rows (d + v) multiplications for each.
//
// So a block brings 16 keys to shared memory, whole, and does with them all that there is to do, for up to 16 queries:
//   scores    a warp has every 8th pack of the d numbers, a lane 4 queries and 2 keys; 8 warps' sums are added
//   softmax   online, as in attention.cpp; 16 neighbouring threads have a query, each a key
//   values    a thread has 4 of the v columns for 8 queries, and adds p v from the same rows
// while the next 16 keys are on their way to its registers. The keys are split among enough blocks to keep the GPU busy, and
// the parts put together by their lse (Flash-Decoding, Dao et al. 2023).
#include <cmath>
#include <limits>

#include "cuda/block.h"
#include "cuda/pack.h"
#include "ops/attention_decode.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr real kMinusInfinity = -std::numeric_limits<real>::infinity();
constexpr int kThreads = 256, kWarps = kThreads / 32;
constexpr int kQueries = 16, kKeys = 4 * kPack;  // of a block, and of them a time: 16, in double 8
constexpr int kMostNumbers = 576;                // d: a latent of 512, and 64 rotary ones
constexpr int kRow = kMostNumbers + kPack;       // so that 8 rows lie in different banks
constexpr int kColumnPacks = 512 / kPack;        // of values
constexpr int kMostSplits = 1024;
constexpr Index kBusy = 264, kLeastSpan = 2 * kKeys;  // blocks that keep a GPU busy, keys that are worth one

// A warp's share of the next keys: every 8th of them, a lane every 32nd pack.
struct NextKeys {
  static constexpr int kRows = kKeys / kWarps, kPacks = (kMostNumbers + 32 * kPack - 1) / (32 * kPack);
  Pack of[kRows][kPacks];

  __device__ static int key(int n) { return n * kWarps + int(threadIdx.x) / 32; }
  __device__ static int column(int k) { return (k * 32 + int(threadIdx.x) % 32) * kPack; }

  __device__ void read(const View& c, const View& r, int j0) {
    const int cols = int(c.cols), all = int(c.cols + r.cols);
    UNROLL for (int n = 0; n < kRows; ++n) UNROLL for (int k = 0; k < kPacks; ++k) {
      const int j = j0 + key(n), at = column(k);
      of[n][k] = j >= c.rows || at >= all ? Pack{} : at < cols ? load<true>(c, j, at) : load<true>(r, j, at - cols);
    }
  }
  __device__ void store(real (*keys)[kRow]) const {
    UNROLL for (int n = 0; n < kRows; ++n) UNROLL for (int k = 0; k < kPacks; ++k) if (column(k) < kMostNumbers) *
        reinterpret_cast<Pack*>(&keys[key(n)][column(k)]) = of[n][k];
  }
};

// s[i][j] += the products of 4 queries, which lie at[i] numbers behind q, with every 8th of the keys.
__device__ void add_products(real (&s)[4][kKeys / 8], const real* q, const int (&at)[4], int cols, const real* keys) {
  UNROLL for (int k = int(threadIdx.x) / 32 * kPack; k < cols; k += kWarps * kPack) {
    Pack query[4], key[kKeys / 8];
    UNROLL for (int i = 0; i < 4; ++i) query[i] = *reinterpret_cast<const Pack*>(q + (at[i] + k));
    UNROLL for (int j = 0; j < kKeys / 8; ++j) key[j] = *reinterpret_cast<const Pack*>(keys + 8 * j * kRow + k);
    UNROLL for (int i = 0; i < 4; ++i) UNROLL for (int j = 0; j < kKeys / 8; ++j) UNROLL for (int n = 0; n < kPack; ++n)
        s[i][j] += query[i][n] * key[j][n];
  }
}

// A block owns span x of the keys, for the queries of key head y and sequence z; part x of o and lse begins x · B T H rows
// further down.
__global__ void __launch_bounds__(kThreads, 2)
    attention_decode_kernel(View o, View lse, AttentionProblem p, int group, int span) {
  SHARED_ARRAY(real, keys, [kKeys][kRow]);
  SHARED_ARRAY(real, sums, [kWarps][kQueries][kKeys + 2]);  // 2 more: 4 rows further on is another bank
  SHARED_ARRAY(Pack, P, [kKeys][kQueries / kPack]);
  SHARED_ARRAY(real, shrink, [kQueries]);
  const int thread = int(threadIdx.x), lane = thread % 32, warp = thread / 32, batch = int(blockIdx.z);
  const int h0 = int(blockIdx.y) * group, rows = int(p.T) * group;
  const View c = p.k_c.head(batch, h0, p.H), r = p.k_r.head(batch, h0, p.H);
  const int begin = int(blockIdx.x) * span, end = std::min(int(p.S), begin + span);
  const auto row_of = [&](int i) { return (Index(batch) * p.T + i / group) * p.H + h0 + i % group; };

  // What this thread has of the scores, as the head of this file says. Queries that are not there are a copy of the first.
  const int first_query = lane / 8 * 4, first_key = lane % 8;
  int at_c[4], at_r[4];
  UNROLL for (int i = 0; i < 4; ++i) {
    const Index row = row_of(first_query + i < rows ? first_query + i : 0);
    at_c[i] = int(row * p.q_c.x.ld), at_r[i] = int(row * p.q_r.x.ld);
  }
  // Of the softmax: query `mine` and its key number `nth`; in double every other thread has nothing to do.
  const int mine = thread / kQueries, nth = thread % kQueries;
  const int until = mine < rows ? std::min(end, int(p.end_of_keys(mine / group))) : 0;
  real m = std::numeric_limits<real>::lowest(), l = 0;  // finite: m - m' is a number
  // Of the values.
  const int column = thread % 128, query0 = thread / 128 * 8;
  Pack acc[8][kColumnPacks / 128] = {};

  NextKeys next;
  next.read(c, r, begin);
  for (int j0 = begin; j0 < end; j0 += kKeys) {
    __syncthreads();  // all are done with the keys
    next.store(keys);
    __syncthreads();
    if (j0 + kKeys < end) next.read(c, r, j0 + kKeys);

    real s[4][kKeys / 8] = {};
    add_products(s, p.q_c.x.data, at_c, int(c.cols), keys[first_key]);
    add_products(s, p.q_r.x.data, at_r, int(r.cols), keys[first_key] + c.cols);
    UNROLL for (int i = 0; i < 4; ++i) UNROLL for (int j = 0; j < kKeys / 8; ++j)
        sums[warp][first_query + i][first_key + 8 * j] = s[i][j];
    __syncthreads();

    real score = kMinusInfinity;
    if (nth < kKeys && j0 + nth < until) {
      score = 0;
      UNROLL for (int w = 0; w < kWarps; ++w) score += sums[w][mine][nth];
      score *= p.scale;
    }
    real top = std::max(m, score);
    for (int lanes = 8; lanes > 0; lanes /= 2) top = std::max(top, __shfl_xor_sync(kAllLanes, top, lanes));
    score = std::exp(score - top);
    real sum = score;
    for (int lanes = 8; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(kAllLanes, sum, lanes);
    if (nth < kKeys) P[nth][mine / kPack][mine % kPack] = score;
    if (nth == 0) shrink[mine] = std::exp(m - top);
    l = l * std::exp(m - top) + sum, m = top;
    __syncthreads();

    UNROLL for (int i = 0; i < 8; ++i) UNROLL for (int n = 0; n < kColumnPacks / 128; ++n) {
      UNROLL for (int x = 0; x < kPack; ++x) acc[i][n][x] *= shrink[query0 + i];
    }
    if (column * kPack >= p.v.width) continue;
    for (int key = 0; key < kKeys; ++key) {
      Pack weights[8 / kPack];
      UNROLL for (int w = 0; w < 8 / kPack; ++w) weights[w] = P[key][query0 / kPack + w];
      UNROLL for (int n = 0; n < kColumnPacks / 128; ++n) {
        const Pack value = *reinterpret_cast<const Pack*>(&keys[key][(column + 128 * n) * kPack]);
        UNROLL for (int i = 0; i < 8; ++i) UNROLL for (int x = 0; x < kPack; ++x) acc[i][n][x] +=
            weights[i / kPack][i % kPack] * value[x];
      }
    }
  }

  __syncthreads();  // all are done with shrink
  const Index part = Index(blockIdx.x) * p.B * p.T * p.H;
  if (nth == 0) {
    shrink[mine] = l > 0 ? 1 / l : real(0);  // 0: this part sees none of the query's keys
    if (mine < rows) lse[part + row_of(mine)] = l > 0 ? m + std::log(l) : kMinusInfinity;
  }
  __syncthreads();
  UNROLL for (int i = 0; i < 8; ++i) UNROLL for (int n = 0; n < kColumnPacks / 128; ++n) {
    const int at = (column + 128 * n) * kPack;
    if (query0 + i >= rows || at >= p.v.width) continue;
    store<true>(o, part + row_of(query0 + i), at, with_each([&](int x) { return shrink[query0 + i] * acc[i][n][x]; }));
  }
}

// A block owns 32 packs (y) of a row of o (x): the mean of its parts, weighed by exp(lse_s). Each of 8 warps takes every
// 8th part.
template <bool kAligned>
__global__ void merge_parts_kernel(View o, View lse, View parts, View lse_parts, int splits) {
  SHARED_ARRAY(real, weight, [kMostSplits]);
  SHARED_ARRAY(Pack, mean_of, [kWarps][32]);
  const Index row = blockIdx.x, rows = o.rows, column = Index(blockIdx.y * 32 + threadIdx.x % 32) * kPack;
  real top = kMinusInfinity, sum = 0;
  for (int s = int(threadIdx.x); s < splits; s += kThreads) top = std::max(top, lse_parts[s * rows + row]);
  top = block_max(top);
  for (int s = int(threadIdx.x); s < splits; s += kThreads) {
    weight[s] = std::exp(lse_parts[s * rows + row] - top);
    sum += weight[s];
  }
  sum = block_sum(sum);  // a barrier, too: all weights are there
  Pack mean = {};
  for (int s = int(threadIdx.x) / 32; s < splits && column < o.cols; s += kWarps) {
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
  return p.v.x.data == p.k_c.x.data && p.v.x.ld == p.k_c.x.ld && p.v.width == p.k_c.width && p.v.width <= 512 &&
         p.d() <= kMostNumbers && (p.k_r.width == 0 || p.k_r.heads == p.v.heads) && p.T * p.H / p.v.heads <= kQueries &&
         !p.first && aligned({p.q_c.x, p.q_r.x, p.k_c.x, p.k_r.x});
}

void cuda::attention_decode(View o, View lse, const AttentionProblem& p) {
  const Index blocks = p.v.heads * p.B, most = std::min<Index>(kMostSplits, (kBusy + blocks - 1) / blocks);
  const Index wanted = std::max(kLeastSpan, (p.S + most - 1) / most), span = (wanted + kKeys - 1) / kKeys * kKeys;
  const Index splits = (p.S + span - 1) / span, parts = splits > 1 ? splits * o.rows : 0;
  const Tensor o_parts({parts, o.cols}, Device::kCuda), lse_parts({parts}, Device::kCuda);
  launch(attention_decode_kernel, dim3(unsigned(splits), unsigned(p.v.heads), unsigned(p.B)), kThreads,
         splits > 1 ? o_parts.view() : o, splits > 1 ? lse_parts.view() : lse, p, int(p.H / p.v.heads), int(span));
  if (splits > 1) merge_parts(o, lse, o_parts, lse_parts, splits);
}

void cuda::merge_parts(View o, View lse, View o_parts, View lse_parts, Index splits) {
  const dim3 grid(unsigned(o.rows), unsigned((o.cols + 32 * kPack - 1) / (32 * kPack)));
  launch(aligned({o, o_parts}) ? merge_parts_kernel<true> : merge_parts_kernel<false>, grid, kThreads, o, lse, o_parts,
         lse_parts, int(splits));
}

}  // namespace seekling
