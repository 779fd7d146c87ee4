// Attention on a GPU: equations, online softmax and derivation as in attention.cpp. Tiles of 64 queries meet tiles of 64
// keys; scores and what is summed up stay in the registers of the threads that own them (cuda/tile.h), and no T x S
// matrix is ever in device memory.
//
// Forward, rows of a tile are queries, of several heads where these share all of their keys: absorbed decoding has one
// query a head, and one key head for all of them. When there are too few tiles to keep the GPU busy, the keys are split
// too, and the parts put together by their lse (Flash-Decoding, Dao et al. 2023).
// Backward, each block owns its outputs and makes p again from lse: one kernel for dk and dv, one for dq. That is two of
// seven products more than with atomic sums of dq; in return the same bits always.
#include <cmath>
#include <limits>

#include "core/check.h"
#include "cuda/block.h"
#include "cuda/launch.h"
#include "cuda/tile.h"
#include "ops/attention.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr real kMinusInfinity = -std::numeric_limits<real>::infinity();
constexpr Index kBusy = 256;       // blocks that keep a GPU busy
constexpr Index kLeastSpan = 256;  // keys that are worth a block

// [content; rotary] as one matrix.
struct Joined {
  View c, r;
  Index rows, cols;

  __device__ Joined(View content, View rotary)
      : c(content), r(rotary), rows(c.cols ? c.rows : r.rows), cols(c.cols + r.cols) {}
  __device__ real& operator()(Index i, Index j) const { return j < c.cols ? c(i, j) : r(i, j - c.cols); }
};

// The rows (b, t, h) of the tokens of sequence b and of `group` neighbouring heads from h on: row i is token i / group.
struct Queries {
  View c, r;
  Index rows, cols, H, group;

  __device__ Queries(const AttentionProblem& p, Index b, Index h, Index heads)
      : c(p.q_c.x), r(p.q_r.x), rows(p.T * heads), cols(p.d()), H(p.H), group(heads) {
    c.data += (b * p.T * H + h) * c.ld;
    r.data += (b * p.T * H + h) * r.ld;
  }
  __device__ real operator()(Index i, Index j) const {
    const Index row = i / group * H + i % group;
    return j < p_c() ? c(row, j) : r(row, j - p_c());
  }
  __device__ Index p_c() const { return c.cols; }
};

// A block owns a tile of queries (x) of sequence z and of the heads from y · group on, and sees the keys of one of
// `splits` spans; part s of o and lse begins s · B T H rows further down.
template <int kPanels>
__global__ void attention_forward_kernel(View o, View lse, AttentionProblem p, Index group, Index splits) {
  SHARED_ARRAY(TileRow, a, [kDepth]);
  SHARED_ARRAY(TileRow, b, [kDepth]);
  SHARED_ARRAY(TileRow, P, [kTile]);  // P[key][query]
  const Index tiles = gridDim.x / splits, split = blockIdx.x / tiles, batch = blockIdx.z, h0 = blockIdx.y * group;
  const Index i0 = (tiles - 1 - blockIdx.x % tiles) * kTile;  // those with the most keys go first
  const Queries q(p, batch, h0, group);
  const Joined k(p.k_c.head(batch, h0, p.H), p.k_r.head(batch, h0, p.H));
  const View v = p.v.head(batch, h0, p.H);
  const Index last = (i0 + kTile < q.rows ? i0 + kTile : q.rows) - 1;
  const Index all_begin = p.first_key(batch, i0 / group), all_end = p.end_of_keys(last / group);
  const Index span = (p.S + splits - 1) / splits;
  const Index begin = all_begin > split * span ? all_begin : split * span;
  const Index end = all_end < (split + 1) * span ? all_end : (split + 1) * span;

  Sums acc[kPanels] = {};
  real m[kOwn], l[kOwn];
  for (int i = 0; i < kOwn; ++i) m[i] = std::numeric_limits<real>::lowest(), l[i] = 0;  // finite: m - m' is a number
  for (Index j0 = begin; j0 < end; j0 += kTile) {
    Sums s = {};
    for (Index k0 = 0; k0 < q.cols; k0 += kDepth) {
      __syncthreads();  // all are done with a and b
      load_rows(a, q, i0, k0);
      load_rows(b, k, j0, k0);
      __syncthreads();
      multiply_add(s, a, b);
    }
    for (int i = 0; i < kOwn; ++i) {
      const Index row = i0 + own_row(i), t = row / group;
      const Index from = row < q.rows ? p.first_key(batch, t) : end;
      const Index to = end < p.end_of_keys(t) ? end : p.end_of_keys(t);
      real top = m[i];
      for (int j = 0; j < kOwn; ++j) {
        const Index key = j0 + own_column(j);
        s.of[i][j] = key >= from && key < to ? p.scale * s.of[i][j] : kMinusInfinity;
        top = std::max(top, s.of[i][j]);
      }
      top = row_max(top);
      real sum = 0;
      for (int j = 0; j < kOwn; ++j) {
        s.of[i][j] = std::exp(s.of[i][j] - top);
        sum += s.of[i][j];
      }
      const real shrink = std::exp(m[i] - top);
      l[i] = l[i] * shrink + row_sum(sum);
      m[i] = top;
      for (Sums& panel : acc)
        for (int j = 0; j < kOwn; ++j) panel.of[i][j] *= shrink;
    }
    for (int j = 0; j < kOwn; ++j)
      for (int i = 0; i < kOwn; ++i) P[own_column(j)][threadIdx.y].of[i] = s.of[i][j];
    for (int k0 = 0; k0 < kTile; k0 += kDepth) UNROLL for (int n = 0; n < kPanels; ++n) {
        __syncthreads();  // all have stored their P, and are done with b
        load_columns(b, v, j0 + k0, n * kTile);
        __syncthreads();
        multiply_add(acc[n], P + k0, b);
      }
  }
  for (int i = 0; i < kOwn; ++i) {
    const Index row = i0 + own_row(i);
    if (row >= q.rows) continue;
    const Index to = ((split * p.B + batch) * p.T + row / group) * p.H + h0 + row % group;
    UNROLL for (int n = 0; n < kPanels;
                ++n) for (int j = 0; j < kOwn; ++j) if (const Index column = n * kTile + own_column(j); column < v.cols)
        o(to, column) = l[i] > 0 ? acc[n].of[i][j] / l[i] : real(0);  // 0: this part sees none of the row's keys
    if (threadIdx.x == 0) lse[to] = l[i] > 0 ? m[i] + std::log(l[i]) : kMinusInfinity;
  }
}

// A block owns a row of o: the mean of its parts, weighed by exp(lse_s).
__global__ void merge_parts_kernel(View o, View lse, View parts, View lse_parts, Index splits) {
  const Index row = blockIdx.x, rows = o.rows;
  real top = kMinusInfinity, sum = 0;
  for (Index s = 0; s < splits; ++s) top = std::max(top, lse_parts[s * rows + row]);
  for (Index s = 0; s < splits; ++s) sum += std::exp(lse_parts[s * rows + row] - top);
  for (Index j = threadIdx.x; j < o.cols; j += blockDim.x) {
    real mean = 0;
    for (Index s = 0; s < splits; ++s) mean += std::exp(lse_parts[s * rows + row] - top) * parts(s * rows + row, j);
    o(row, j) = mean / sum;
  }
  if (threadIdx.x == 0) lse[row] = top + std::log(sum);
}

// D = do · o, a warp for each row.
__global__ void rows_dot_kernel(View D, View x, View y) {
  const Index row = blockIdx.x;
  real sum = 0;
  for (Index j = threadIdx.x; j < x.cols; j += blockDim.x) sum += x(row, j) * y(row, j);
  sum = block_sum(sum);
  if (threadIdx.x == 0) D[row] = sum;
}

// What a score passes on: p and ds of the query t and the key j.
struct Score {
  real p, ds;

  __device__ Score(const AttentionProblem& problem, Index batch, Index t, Index j, real s, real dp, real lse, real D)
      : p(t < problem.T && j >= problem.first_key(batch, t) && j < problem.end_of_keys(t)
              ? std::exp(problem.scale * s - lse)
              : real(0)),
        ds(p * (dp - D)) {}
};

// A block owns a tile of keys (x) of query head y and sequence z, their dk and dv, and walks over the queries that see
// them. Rows of the tile of scores are keys.
template <int kPanels>
__global__ void attention_backward_keys_kernel(View dk, View dv, View d_o, View lse, View D, AttentionProblem p) {
  SHARED_ARRAY(TileRow, a, [kDepth]);
  SHARED_ARRAY(TileRow, b, [kDepth]);
  SHARED_ARRAY(TileRow, P, [kTile]);  // P[query][key], then ds
  const Index j0 = Index(blockIdx.x) * kTile, h = blockIdx.y, batch = blockIdx.z;
  const Queries q(p, batch, h, 1);
  const Joined k(p.k_c.head(batch, h, p.H), p.k_r.head(batch, h, p.H));
  const View v = p.v.head(batch, h, p.H);
  const View g{d_o.data + (batch * p.T * p.H + h) * d_o.ld, p.T, d_o.cols, p.H * d_o.ld};  // do of this head

  Sums dk_own[kPanels] = {}, dv_own[kPanels] = {};
  for (Index i0 = p.first_query(j0); i0 < p.T && p.first_key(batch, i0) < j0 + kTile; i0 += kTile) {
    Sums s = {}, dp = {};
    for (Index k0 = 0; k0 < q.cols; k0 += kDepth) {
      __syncthreads();
      load_rows(a, k, j0, k0);
      load_rows(b, q, i0, k0);
      __syncthreads();
      multiply_add(s, a, b);
    }
    for (Index k0 = 0; k0 < v.cols; k0 += kDepth) {
      __syncthreads();
      load_rows(a, v, j0, k0);
      load_rows(b, g, i0, k0);
      __syncthreads();
      multiply_add(dp, a, b);
    }
    for (int j = 0; j < kOwn; ++j) {
      const Index t = i0 + own_column(j), at_t = (batch * p.T + (t < p.T ? t : 0)) * p.H + h;
      for (int i = 0; i < kOwn; ++i) {
        const Score score(p, batch, t, j0 + own_row(i), s.of[i][j], dp.of[i][j], lse[at_t], D[at_t]);
        P[own_column(j)][threadIdx.y].of[i] = score.p;
        dp.of[i][j] = score.ds;
      }
    }
    for (int k0 = 0; k0 < kTile; k0 += kDepth) UNROLL for (int n = 0; n < kPanels; ++n) {
        __syncthreads();
        load_columns(b, g, i0 + k0, n * kTile);
        __syncthreads();
        multiply_add(dv_own[n], P + k0, b);
      }
    __syncthreads();  // all are done with P
    for (int j = 0; j < kOwn; ++j)
      for (int i = 0; i < kOwn; ++i) P[own_column(j)][threadIdx.y].of[i] = dp.of[i][j];
    for (int k0 = 0; k0 < kTile; k0 += kDepth) UNROLL for (int n = 0; n < kPanels; ++n) {
        __syncthreads();
        load_columns(b, q, i0 + k0, n * kTile);
        __syncthreads();
        multiply_add(dk_own[n], P + k0, b);
      }
  }
  for (int i = 0; i < kOwn; ++i) {
    const Index key = j0 + own_row(i), to = (batch * p.H + h) * p.S + key;
    if (key >= p.S) continue;
    UNROLL for (int n = 0; n < kPanels; ++n) for (int j = 0; j < kOwn; ++j) {
      const Index column = n * kTile + own_column(j);
      if (column < q.cols) dk(to, column) = p.scale * dk_own[n].of[i][j];
      if (column < v.cols) dv(to, column) = dv_own[n].of[i][j];
    }
  }
}

// A block owns a tile of queries (x) of head y and sequence z, and their dq. Rows of the tile of scores are queries.
template <int kPanels>
__global__ void attention_backward_queries_kernel(AttentionGradients d, View d_o, View lse, View D,
                                                  AttentionProblem p) {
  SHARED_ARRAY(TileRow, a, [kDepth]);
  SHARED_ARRAY(TileRow, b, [kDepth]);
  SHARED_ARRAY(TileRow, dS, [kTile]);  // dS[key][query]
  const Index i0 = Index(gridDim.x - 1 - blockIdx.x) * kTile, h = blockIdx.y, batch = blockIdx.z;
  const Queries q(p, batch, h, 1);
  const Joined k(p.k_c.head(batch, h, p.H), p.k_r.head(batch, h, p.H));
  const View v = p.v.head(batch, h, p.H);
  const View g{d_o.data + (batch * p.T * p.H + h) * d_o.ld, p.T, d_o.cols, p.H * d_o.ld};
  const Index last = (i0 + kTile < p.T ? i0 + kTile : p.T) - 1;

  Sums dq[kPanels] = {};
  for (Index j0 = p.first_key(batch, i0); j0 < p.end_of_keys(last); j0 += kTile) {
    Sums s = {}, dp = {};
    for (Index k0 = 0; k0 < q.cols; k0 += kDepth) {
      __syncthreads();
      load_rows(a, q, i0, k0);
      load_rows(b, k, j0, k0);
      __syncthreads();
      multiply_add(s, a, b);
    }
    for (Index k0 = 0; k0 < v.cols; k0 += kDepth) {
      __syncthreads();
      load_rows(a, g, i0, k0);
      load_rows(b, v, j0, k0);
      __syncthreads();
      multiply_add(dp, a, b);
    }
    for (int i = 0; i < kOwn; ++i) {
      const Index t = i0 + own_row(i), at_t = (batch * p.T + (t < p.T ? t : 0)) * p.H + h;
      for (int j = 0; j < kOwn; ++j) {
        const Score score(p, batch, t, j0 + own_column(j), s.of[i][j], dp.of[i][j], lse[at_t], D[at_t]);
        dS[own_column(j)][threadIdx.y].of[i] = score.ds;
      }
    }
    for (int k0 = 0; k0 < kTile; k0 += kDepth) UNROLL for (int n = 0; n < kPanels; ++n) {
        __syncthreads();
        load_columns(b, k, j0 + k0, n * kTile);
        __syncthreads();
        multiply_add(dq[n], dS + k0, b);
      }
  }
  const Joined to(d.q_c.head(batch, h, p.H), d.q_r.head(batch, h, p.H));
  for (int i = 0; i < kOwn; ++i) UNROLL for (int n = 0; n < kPanels; ++n) for (int j = 0; j < kOwn; ++j) {
      const Index t = i0 + own_row(i), column = n * kTile + own_column(j);
      if (t < p.T && column < q.cols) to(t, column) += p.scale * dq[n].of[i][j];
    }
}

// A block owns a row of dx, of token x, head y and sequence z: the shares [B,H,S,..] of all query heads that used it are
// added in their order, columns from `column` on.
__global__ void add_shares_kernel(Heads dx, View shares, Index column, Index H) {
  const Index per_head = H / dx.heads, h0 = blockIdx.y * per_head;
  const View to = dx.head(blockIdx.z, h0, H);
  for (Index j = threadIdx.x; j < dx.width; j += blockDim.x) {
    real sum = to(blockIdx.x, j);
    for (Index h = h0; h < h0 + per_head; ++h) sum += shares((blockIdx.z * H + h) * dx.tokens + blockIdx.x, column + j);
    to(blockIdx.x, j) = sum;
  }
}

Index tiles(Index n) { return (n + kTile - 1) / kTile; }

// Calls f with as many panels of kTile columns as `width` needs, a constant to the compiler.
template <class F>
void with_panels(Index width, F&& f) {
  check(width <= 8 * kTile, "attention: heads of ", width, " numbers; on a GPU they may have ", 8 * kTile);
  if (width <= kTile) f(std::integral_constant<int, 1>());
  else if (width <= 2 * kTile) f(std::integral_constant<int, 2>());
  else if (width <= 3 * kTile) f(std::integral_constant<int, 3>());
  else if (width <= 4 * kTile) f(std::integral_constant<int, 4>());
  else f(std::integral_constant<int, 8>());
}

// How many neighbouring query heads share all of their keys and values.
Index heads_in_a_group(const AttentionProblem& p) {
  Index key_heads = p.v.heads;
  for (const Heads* part : {&p.k_c, &p.k_r})
    if (part->width && part->heads != key_heads) return 1;
  return p.H / key_heads;
}

}  // namespace

void cuda::attention_forward(View o, View lse, const AttentionProblem& p) {
  if (o.rows == 0) return;
  const Index group = heads_in_a_group(p), blocks = tiles(p.T * group) * (p.H / group) * p.B;
  const Index splits = std::max<Index>(1, std::min(kBusy / blocks, p.S / kLeastSpan));
  const Index parts = splits > 1 ? splits * o.rows : 0;
  const Tensor o_parts({parts, o.cols}, Device::kCuda), lse_parts({parts}, Device::kCuda);
  const dim3 grid(unsigned(tiles(p.T * group) * splits), unsigned(p.H / group), unsigned(p.B));
  with_panels(p.v.width, [&](auto panels) {
    launch(attention_forward_kernel<panels()>, grid, dim3(kSide, kSide), splits > 1 ? o_parts.view() : o,
           splits > 1 ? lse_parts.view() : lse, p, group, splits);
  });
  if (splits > 1) launch(merge_parts_kernel, unsigned(o.rows), 128, o, lse, o_parts.view(), lse_parts.view(), splits);
}

void cuda::attention_backward(const AttentionGradients& d, View d_o, View o, View lse, const AttentionProblem& p) {
  if (o.rows == 0) return;
  const Tensor dk({p.B, p.H, p.S, p.d()}, Device::kCuda), dv({p.B, p.H, p.S, p.v.width}, Device::kCuda);
  const Tensor D({o.rows}, Device::kCuda);
  launch(rows_dot_kernel, unsigned(o.rows), 32, D.view(), d_o, o);
  const auto grid = [&](Index tokens) { return dim3(unsigned(tiles(tokens)), unsigned(p.H), unsigned(p.B)); };
  with_panels(std::max(p.d(), p.v.width), [&](auto panels) {
    launch(attention_backward_keys_kernel<panels()>, grid(p.S), dim3(kSide, kSide), dk.view(), dv.view(), d_o, lse,
           D.view(), p);
  });
  with_panels(p.d(), [&](auto panels) {
    launch(attention_backward_queries_kernel<panels()>, grid(p.T), dim3(kSide, kSide), d, d_o, lse, D.view(), p);
  });
  const auto add_shares = [&](const Heads& to, const Tensor& shares, Index column) {
    if (to.width)
      launch(add_shares_kernel, dim3(unsigned(p.S), unsigned(to.heads), unsigned(p.B)), 64, to, shares.view(), column,
             p.H);
  };
  add_shares(d.k_c, dk, 0);
  add_shares(d.k_r, dk, p.q_c.width);
  add_shares(d.v, dv, 0);
}

}  // namespace seekling
