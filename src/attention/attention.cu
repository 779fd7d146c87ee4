// Attention on a GPU: equations, online softmax and derivation as in attention.cpp.
// Tiles of 64 queries attend to tiles of 64 keys. Scores and sums stay in the registers of the
// threads that own them (cuda/tile.h), and no T x S matrix is ever in device memory. In TF32 and
// bf16 the matrix units compute all seven products; the softmax is in fp32.
//
// Forward: rows of a tile are queries, of several heads if these share all of their keys. If there
// are too few tiles to keep the GPU busy, the keys are split too, and the parts are combined by
// their lse. Absorbed decoding, with few queries and one key head for all of them, has its own
// kernel: attention_decode.cu.
// Backward: each block owns its outputs and recomputes p from lse; one kernel computes dk and dv,
// one dq. Two of the seven products are computed twice, which atomic sums of dq would avoid; in
// return the bits are always the same.
#include <cmath>
#include <limits>

#include "attention/attention_decode.h"
#include "core/check.h"
#include "cuda/block.h"
#include "cuda/launch.h"
#include "cuda/matrix_units.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr real kMinusInfinity = -std::numeric_limits<real>::infinity();
constexpr Index kBusy = 256;       // blocks that keep a GPU busy
constexpr Index kLeastSpan = 256;  // the fewest keys that are worth a block

// [content; rotary] as one matrix that is read in packs; 0 outside.
template <bool kAligned>
struct Joined {
  real *c, *r;
  int rows, cols, c_cols, c_ld, r_ld;
  int group = 1, H = 1;  // row i is row i / group · H + i % group of both

  __device__ Joined(const View& content, const View& rotary)
      : c(content.data), r(rotary.data), rows(int(content.cols ? content.rows : rotary.rows)),
        cols(int(content.cols + rotary.cols)), c_cols(int(content.cols)), c_ld(int(content.ld)),
        r_ld(int(rotary.ld)) {}

  // The queries of sequence b and `heads` neighbouring heads from h on. Row i is token i / heads.
  __device__ static Joined queries(const AttentionProblem& p, int b, int h, int heads) {
    Joined q(p.q_c.head(b, h, p.H), p.q_r.head(b, h, p.H));
    if (heads > 1) q.rows *= heads, q.group = heads, q.H = int(p.H), q.c_ld /= q.H, q.r_ld /= q.H;
    return q;
  }

  __device__ real& at(int i, int j) const {
    const Index row = group == 1 ? i : i / group * H + i % group;
    return j < c_cols ? c[row * c_ld + j] : r[row * r_ld + j - c_cols];
  }
  __device__ Pack operator()(int i, int j) const {
    if (i >= rows || j >= cols) return {};
    if constexpr (kAligned) return *reinterpret_cast<const Pack*>(&at(i, j));
    else return with_each([&](int n) { return j + n < cols ? at(i, j + n) : real(0); });
  }
};

// The contents of shared memory: parts of two factors, and a tile of scores as the left factor of
// the next product, whose k dimension is the columns of the scores.
template <class Format>
using Part = Tile<Format, /*words=*/32 / Format::kPerWord, kTile>;
template <class Format>
using Scores = Tile<Format, kTile / Format::kPerWord, kTile>;

// s += A Bᵀ. x and y hold the rows of A and B; their columns are multiplied part by part.
template <class Sums, class T, class X, class Y>
__device__ void multiply_add(Sums& s, T& a, T& b, const X& x, int i0, const Y& y, int j0) {
  for (int k0 = 0; k0 < x.cols; k0 += T::kDepth) {
    Share<From::kRows, T> left, right;
    left.read(x, i0, k0);
    right.read(y, j0, k0);
    __syncthreads();  // no thread needs a and b
    left.store(a);
    right.store(b);
    __syncthreads();
    s.multiply_add(a.words, b.words, T::kWords);
  }
}

// c += P X, for the rows of x from k0 on, in panels of kTile columns.
template <int kPanels, class Sums, class P, class T, class X>
__device__ void multiply_add(Sums (&c)[kPanels], const P& scores, T& b, const X& x, int k0) {
  for (int w = 0; w < P::kWords; w += T::kWords)
    UNROLL for (int n = 0; n < kPanels; ++n) if (n * kTile < x.cols) {
      Share<From::kColumns, T> right;
      right.read(x, n * kTile, k0 + w * T::Of::kPerWord);
      __syncthreads();  // all scores are stored, and no thread needs b
      right.store(b);
      __syncthreads();
      c[n].multiply_add(scores.words + w, b.words, T::kWords);
    }
}

// The online softmax of the rows of a tile of queries that a thread owns.
template <class Sums>
struct SoftmaxRows {
  real m[Sums::kRows], l[Sums::kRows];     // l: this thread's columns only
  int from[Sums::kRows], to[Sums::kRows];  // the keys that a row sees

  // Masks and scales the scores s of the keys from j0 on, turns them into weights, and rescales
  // what is accumulated in acc.
  template <bool kAligned, int kPanels, class Room>
  __device__ void update(Sums& s, Sums (&acc)[kPanels], Room& room, const AttentionProblem& p,
                         int batch, int i0, int group, int j0) {
    // The new maximum of each row, over all threads that share it.
    real top[Sums::kRows];
    UNROLL for (int i = 0; i < Sums::kRows; ++i) {
      top[i] = m[i];
      UNROLL for (int j = 0; j < Sums::kColumns; ++j) {
        const int key = j0 + Sums::column(j);
        bool seen = key >= from[i] && key < to[i];
        if constexpr (!kAligned)
          if (seen) seen = p.is_chosen(batch, (i0 + Sums::row(i)) / group, key);
        s(i, j) = seen ? p.scale * s(i, j) : kMinusInfinity;
        top[i] = std::max(top[i], s(i, j));
      }
    }
    Sums::over_row(top, room, [](real x, real y) { return std::max(x, y); });

    // Weights relative to the new maximum; sums so far shrink by the growth of the maximum.
    UNROLL for (int i = 0; i < Sums::kRows; ++i) {
      const real shrink = std::exp(m[i] - top[i]);
      m[i] = top[i], l[i] *= shrink;
      UNROLL for (int j = 0; j < Sums::kColumns; ++j) {
        s(i, j) = std::exp(s(i, j) - top[i]);
        l[i] += s(i, j);
        UNROLL for (int n = 0; n < kPanels; ++n) acc[n](i, j) *= shrink;
      }
    }
  }
};

// A block owns a tile of queries (x) of sequence z and of the heads from y · group on, and sees
// the keys of one of `splits` spans; part s of o and lse begins s · B T H rows further down.
template <class Format, int kPanels, bool kAligned>
__global__ void __launch_bounds__(kTileThreads, kPanels <= 2 ? 2 : 1)
    attention_forward_kernel(View o, View lse, AttentionProblem asked, int group, int splits) {
  using Sums = SumsOf<Format, kTile>;
  SHARED_ARRAY(Part<Format>, a, [1]);
  SHARED_ARRAY(Part<Format>, b, [1]);
  SHARED_ARRAY(Scores<Format>, P, [1]);
  SHARED_ARRAY(typename Sums::Room, room, [1]);
  const AttentionProblem p = asked.now();

  // This block's queries, keys and values. The blocks with the most keys start first.
  const int tiles = int(gridDim.x) / splits, split = int(blockIdx.x) / tiles,
            batch = int(blockIdx.z);
  const int h0 = int(blockIdx.y) * group, i0 = (tiles - 1 - int(blockIdx.x) % tiles) * kTile;
  const Joined<kAligned> q = Joined<kAligned>::queries(p, batch, h0, group);
  const Joined<kAligned> k(p.k_c.head(batch, h0, p.H), p.k_r.head(batch, h0, p.H));
  const Packs<kAligned> v(p.v.head(batch, h0, p.H));
  const int last = (i0 + kTile < q.rows ? i0 + kTile : q.rows) - 1,
            span = (int(p.S) + splits - 1) / splits;
  const int begin = std::max(int(p.first_key(batch, i0 / group)), split * span);
  const int end = std::min(int(p.end_of_keys(last / group)), (split + 1) * span);

  // Each row starts with its sink, if it has one, and with the range of keys that it sees.
  Sums acc[kPanels] = {};
  SoftmaxRows<Sums> rows;
  UNROLL for (int i = 0; i < Sums::kRows; ++i) {
    const int row = i0 + Sums::row(i), t = row / group;
    rows.m[i] = std::numeric_limits<real>::lowest(), rows.l[i] = 0;  // finite: m - m' is a number
    if (split == 0) {  // the sink belongs to one part only
      rows.m[i] = p.first_maximum(h0 + row % group);
      if (Sums::column(0) == 0) rows.l[i] = p.first_sum();
    }
    rows.from[i] = row < q.rows ? int(p.first_key(batch, t)) : end;
    rows.to[i] = std::min(end, int(p.end_of_keys(t)));
  }

  // For each tile of keys: s = Q Kᵀ, online softmax, acc += P V.
  for (int j0 = begin; j0 < end; j0 += kTile) {
    Sums s;
    multiply_add(s, a[0], b[0], q, i0, k, j0);
    rows.template update<kAligned>(s, acc, room[0], p, batch, i0, group, j0);
    store_as_left(P[0], s);
    multiply_add(acc, P[0], b[0], v, j0);
  }

  // Normalise by the whole row's sum, and write o and lse.
  Sums::over_row(rows.l, room[0], [](real x, real y) { return x + y; });
  UNROLL for (int i = 0; i < Sums::kRows; ++i) {
    const int row = i0 + Sums::row(i);
    if (row >= q.rows) continue;
    const Index at = ((split * p.B + batch) * p.T + row / group) * p.H + h0 + row % group;
    const real l = rows.l[i];
    const real share = l > 0 ? 1 / l : real(0);  // 0: this part sees none of the row's keys
    UNROLL for (int n = 0; n < kPanels; ++n) UNROLL for (int j = 0; j < Sums::kColumns; ++j) {
      const int column = n * kTile + Sums::column(j);
      if (column < v.cols) o(at, column) = share * acc[n](i, j);
    }
    if (Sums::column(0) == 0) lse[at] = l > 0 ? rows.m[i] + std::log(l) : kMinusInfinity;
  }
}

// The rows of sequence b and head h of x = do.
__device__ View rows_of_head(const View& x, const AttentionProblem& p, Index b, Index h) {
  return {x.data + (b * p.T * p.H + h) * x.ld, p.T, x.cols, p.H * x.ld};
}

// D = do · o, one warp per row.
__global__ void rows_dot_kernel(View D, View x, View y) {
  const Index row = blockIdx.x;
  real sum = 0;
  for (Index j = threadIdx.x; j < x.cols; j += blockDim.x) sum += x(row, j) * y(row, j);
  sum = block_sum(sum);
  if (threadIdx.x == 0) D[row] = sum;
}

// The softmax backward of query t: turns s into p and dp into ds.
template <bool kAligned>
struct Token {
  const AttentionProblem& p;
  int batch, t, from = 0, to = 0;  // the range of keys that it sees
  real scale, lse = 0, D = 0;

  __device__ Token(const AttentionProblem& problem, int b, int h, int token, const View& all_lse,
                   const View& all_D)
      : p(problem), batch(b), t(token), scale(p.scale) {
    if (t >= p.T) return;
    const Index at = (batch * p.T + t) * p.H + h;
    from = int(p.first_key(batch, t)), to = int(p.end_of_keys(t)), lse = all_lse[at], D = all_D[at];
  }
  __device__ void pass_on(real& s, real& dp, int key) const {
    bool seen = key >= from && key < to;
    if constexpr (!kAligned)
      if (seen) seen = p.is_chosen(batch, t, key);
    s = seen ? std::exp(scale * s - lse) : real(0);
    dp = s * (dp - D);
  }
};

// A block owns a tile of keys (x) of query head y and sequence z with their dk and dv, and loops
// over the queries that see them. Rows of the tile of scores are keys.
template <class Format, int kKeyPanels, int kValuePanels, bool kAligned>
__global__ void __launch_bounds__(kTileThreads, kKeyPanels <= 2 ? 2 : 1)
    attention_backward_keys_kernel(View dk, View dv, View d_o, View lse, View D,
                                   AttentionProblem p) {
  using Sums = SumsOf<Format, kTile>;
  SHARED_ARRAY(Part<Format>, a, [1]);
  SHARED_ARRAY(Part<Format>, b, [1]);
  SHARED_ARRAY(Scores<Format>, P, [1]);  // then ds
  const int j0 = int(blockIdx.x) * kTile, h = int(blockIdx.y), batch = int(blockIdx.z);
  const Joined<kAligned> q = Joined<kAligned>::queries(p, batch, h, 1);
  const Joined<kAligned> k(p.k_c.head(batch, h, p.H), p.k_r.head(batch, h, p.H));
  const Packs<kAligned> v(p.v.head(batch, h, p.H)), g(rows_of_head(d_o, p, batch, h));

  // For each tile of queries that see these keys: recompute p, compute ds, add to dv and dk.
  Sums dk_own[kKeyPanels] = {}, dv_own[kValuePanels] = {};
  for (int i0 = int(p.first_query(j0)); i0 < p.T && p.first_key(batch, i0) < j0 + kTile;
       i0 += kTile) {
    Sums s, dp;
    multiply_add(s, a[0], b[0], k, j0, q, i0);   // s = K Qᵀ
    multiply_add(dp, a[0], b[0], v, j0, g, i0);  // dp = V dOᵀ
    UNROLL for (int j = 0; j < Sums::kColumns; ++j) {
      const Token<kAligned> token(p, batch, h, i0 + Sums::column(j), lse, D);
      UNROLL for (int i = 0; i < Sums::kRows; ++i)
          token.pass_on(s(i, j), dp(i, j), j0 + Sums::row(i));
    }
    store_as_left(P[0], s);
    multiply_add(dv_own, P[0], b[0], g, i0);  // dV += P dO
    __syncthreads();                          // no thread needs P
    store_as_left(P[0], dp);
    multiply_add(dk_own, P[0], b[0], q, i0);  // dK += dS Q
  }

  // Write this query head's share of dk and dv.
  UNROLL for (int i = 0; i < Sums::kRows; ++i) {
    const Index key = j0 + Sums::row(i), to = (batch * p.H + h) * p.S + key;
    if (key >= p.S) continue;
    UNROLL for (int j = 0; j < Sums::kColumns; ++j) {
      UNROLL for (int n = 0; n < kKeyPanels; ++n) {
        const int column = n * kTile + Sums::column(j);
        if (column < k.cols) dk(to, column) = p.scale * dk_own[n](i, j);
      }
      UNROLL for (int n = 0; n < kValuePanels; ++n) {
        const int column = n * kTile + Sums::column(j);
        if (column < v.cols) dv(to, column) = dv_own[n](i, j);
      }
    }
  }
}

// A block owns a tile of queries (x) of head y and sequence z, and their dq.
// Rows of the tile of scores are queries.
template <class Format, int kPanels, bool kAligned>
__global__ void __launch_bounds__(kTileThreads, kPanels <= 2 ? 2 : 1)
    attention_backward_queries_kernel(AttentionGradients d, View d_o, View lse, View D,
                                      AttentionProblem p) {
  using Sums = SumsOf<Format, kTile>;
  SHARED_ARRAY(Part<Format>, a, [1]);
  SHARED_ARRAY(Part<Format>, b, [1]);
  SHARED_ARRAY(Scores<Format>, dS, [1]);
  const int i0 = int(gridDim.x - 1 - blockIdx.x) * kTile, h = int(blockIdx.y),
            batch = int(blockIdx.z);
  const Joined<kAligned> q = Joined<kAligned>::queries(p, batch, h, 1);
  const Joined<kAligned> k(p.k_c.head(batch, h, p.H), p.k_r.head(batch, h, p.H));
  const Packs<kAligned> v(p.v.head(batch, h, p.H)), g(rows_of_head(d_o, p, batch, h));
  const int last = (i0 + kTile < q.rows ? i0 + kTile : q.rows) - 1, end = int(p.end_of_keys(last));

  // For each tile of keys that these queries see: recompute p, compute ds, add to dq.
  Sums dq[kPanels] = {};
  for (int j0 = int(p.first_key(batch, i0)); j0 < end; j0 += kTile) {
    Sums s, dp;
    multiply_add(s, a[0], b[0], q, i0, k, j0);   // s = Q Kᵀ
    multiply_add(dp, a[0], b[0], g, i0, v, j0);  // dp = dO Vᵀ
    UNROLL for (int i = 0; i < Sums::kRows; ++i) {
      const Token<kAligned> token(p, batch, h, i0 + Sums::row(i), lse, D);
      UNROLL for (int j = 0; j < Sums::kColumns; ++j)
          token.pass_on(s(i, j), dp(i, j), j0 + Sums::column(j));
    }
    store_as_left(dS[0], dp);
    multiply_add(dq, dS[0], b[0], k, j0);  // dQ += dS K
  }

  // Add to the gradients of both parts of the queries.
  const Joined<kAligned> to(d.q_c.head(batch, h, p.H), d.q_r.head(batch, h, p.H));
  UNROLL for (int i = 0; i < Sums::kRows; ++i) {
    const int t = i0 + Sums::row(i);
    if (t >= p.T) continue;
    UNROLL for (int n = 0; n < kPanels; ++n) UNROLL for (int j = 0; j < Sums::kColumns; ++j) {
      const int column = n * kTile + Sums::column(j);
      if (column < to.cols) to.at(t, column) += p.scale * dq[n](i, j);
    }
  }
}

// A block owns the gradient of the sink of head x.
__global__ void sink_backward_kernel(View d_sink, View lse, View D, const real* sink, Index rows) {
  const Index h = blockIdx.x, H = gridDim.x;
  real sum = 0;
  for (Index row = h + threadIdx.x * H; row < rows; row += blockDim.x * H)
    sum += std::exp(sink[h] - lse[row]) * D[row];
  sum = block_sum(sum);
  if (threadIdx.x == 0) d_sink[h] -= sum;
}

// A block owns a row of dx: token x, head y, sequence z. It adds the shares [B,H,S,..] of all query
// heads that use this head, in the order of the heads, from column `column` on.
__global__ void add_shares_kernel(Heads dx, View shares, Index column, Index H) {
  const Index per_head = H / dx.heads, h0 = blockIdx.y * per_head;
  const View to = dx.head(blockIdx.z, h0, H);
  for (Index j = threadIdx.x; j < dx.width; j += blockDim.x) {
    real sum = to(blockIdx.x, j);
    for (Index h = h0; h < h0 + per_head; ++h)
      sum += shares((blockIdx.z * H + h) * dx.tokens + blockIdx.x, column + j);
    to(blockIdx.x, j) = sum;
  }
}

Index tiles(Index n) { return (n + kTile - 1) / kTile; }

void check_width(Index width, Index panels) {
  check(width <= panels * kTile, "attention: heads of ", width,
        " elements; on a GPU they may have at most ", panels * kTile);
}

// The usual case is DeepSeek's heads: up to 192 elements for keys, 128 for values, in whole packs.
// Only these kernels use the matrix units. All other heads that fit use exact kernels (!kAligned),
// which also support chosen keys: the look-up per score would cost the usual kernels registers.
bool usual(const AttentionProblem& p, const AttentionGradients& d = {}, View d_o = {}) {
  const auto whole = [](const Heads& part) { return aligned({part.x}); };
  return !p.chosen && p.d() <= 3 * kTile && p.v.width <= 2 * kTile && aligned({d_o}) &&
         whole(p.q_c) && whole(p.q_r) && whole(p.k_c) && whole(p.k_r) && whole(p.v) &&
         whole(d.q_c) && whole(d.q_r);
}

// The number of neighbouring query heads that share all of their keys and values.
Index heads_in_a_group(const AttentionProblem& p) {
  Index key_heads = p.v.heads;
  for (const Heads* part : {&p.k_c, &p.k_r})
    if (part->width && part->heads != key_heads) return 1;
  return p.H / key_heads;
}

}  // namespace

void cuda::attention_forward(View o, View lse, const AttentionProblem& p) {
  if (o.rows == 0) return;
  check(!p.plays || p.B == 1, "attention: a captured graph has one sequence, found ", p.B);
  check(!p.plays || !p.chosen,
        "attention: a captured graph reads a growing cache and takes no chosen keys");
  if (is_absorbed_decode(p)) return attention_decode(o, lse, p);

  // Split the keys if tiles of queries alone cannot fill the GPU.
  const Index group = heads_in_a_group(p), blocks = tiles(p.T * group) * (p.H / group) * p.B;
  const Index splits = std::max<Index>(1, std::min(kBusy / blocks, p.S / kLeastSpan));
  const Index parts = splits > 1 ? splits * o.rows : 0;
  const Tensor o_parts({parts, o.cols}, Device::kCuda), lse_parts({parts}, Device::kCuda);
  const dim3 grid(unsigned(tiles(p.T * group) * splits), unsigned(p.H / group), unsigned(p.B));

  // DeepSeek's head widths in the run's precision, or the exact kernel for all others.
  check_width(p.v.width, 8);
  auto* kernel = attention_forward_kernel<Exact, 8, false>;
  if (usual(p))
    with_format([&](auto format) {
      kernel = attention_forward_kernel<typename decltype(format)::type, 2, true>;
    });
  launch(kernel, grid, kTileThreads, splits > 1 ? o_parts.view() : o,
         splits > 1 ? lse_parts.view() : lse, p, group, splits);
  if (splits > 1) merge_parts(o, lse, o_parts, lse_parts, splits);
}

void cuda::attention_backward(const AttentionGradients& d, View d_o, View o, View lse,
                              const AttentionProblem& p) {
  if (o.rows == 0) return;

  // D = do · o; dk and dv are computed per query head.
  const Tensor dk({p.B, p.H, p.S, p.d()}, Device::kCuda),
      dv({p.B, p.H, p.S, p.v.width}, Device::kCuda);
  const Tensor D({o.rows}, Device::kCuda);
  launch(rows_dot_kernel, unsigned(o.rows), 32, D.view(), d_o, o);

  // Select the smallest kernels that hold these heads.
  const auto grid = [&](Index tokens) {
    return dim3(unsigned(tiles(tokens)), unsigned(p.H), unsigned(p.B));
  };
  check_width(std::max(p.d(), p.v.width), 4);
  auto* keys = attention_backward_keys_kernel<Exact, 4, 4, false>;
  auto* queries = attention_backward_queries_kernel<Exact, 4, false>;
  if (usual(p, d, d_o))
    with_format([&](auto format) {
      using Format = typename decltype(format)::type;
      const bool small = p.d() <= 2 * kTile && p.v.width <= kTile;
      keys = small ? attention_backward_keys_kernel<Format, 2, 1, true>
                   : attention_backward_keys_kernel<Format, 3, 2, true>;
      queries = small ? attention_backward_queries_kernel<Format, 2, true>
                      : attention_backward_queries_kernel<Format, 3, true>;
    });
  launch(keys, grid(p.S), kTileThreads, dk.view(), dv.view(), d_o, lse, D.view(), p);
  launch(queries, grid(p.T), kTileThreads, d, d_o, lse, D.view(), p);

  // Add the shares of query heads that use the same key head.
  const auto add_shares = [&](const Heads& to, const Tensor& shares, Index column) {
    if (to.width)
      launch(add_shares_kernel, dim3(unsigned(p.S), unsigned(to.heads), unsigned(p.B)), 64, to,
             shares.view(), column, p.H);
  };
  add_shares(d.k_c, dk, 0);
  add_shares(d.k_r, dk, p.q_c.width);
  add_shares(d.v, dv, 0);
  if (p.sink)
    launch(sink_backward_kernel, unsigned(p.H), 128, d.sink, lse, D.view(), p.sink, o.rows);
}

}  // namespace seekling
