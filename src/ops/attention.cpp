// Attention. Vaswani et al. 2017 (arXiv:1706.03762) eq. 1, as in DeepSeek-V2 (arXiv:2405.04434) eq. 46:
//   s_tj = scale (q^C_t·k^C_j + q^R_t·k^R_j)      p_tj = exp(s_tj - lse_t)      lse_t = log Σ_j exp s_tj
//   o_t  = Σ_j p_tj v_j                    j from the first token of t's document to t itself
// One head at a time, by tiles of kTile queries x kTile keys, so that no T x S matrix is ever stored: the online softmax
// (Milakov & Gimelshein 2018, arXiv:1805.02867) keeps a running maximum m and sum l a row, and rescales what it has
// whenever m grows. Kept for backward: o and lse, one number a row (FlashAttention, arXiv:2205.14135, algorithms 1-4).
//
// Backward, the tiles of p made again from lse. With D_t = do_t·o_t = Σ_j p_tj (do_t·v_j):
//   dv_j = Σ_t p_tj do_t      ds_tj = p_tj (do_t·v_j - D_t)      dq_t = scale Σ_j ds_tj k_j      dk_j = scale Σ_t ds_tj q_t
// A thread owns a (sequence, query head). Where several query heads share a key head, each writes its share of dk and dv
// apart, and the shares are added in the order of the heads: the same bits for any number of threads.
#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/check.h"
#include "core/parallel.h"
#include "ops/gemm.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

constexpr Index kTile = 64;

// One part of q or k, or v, cut by heads. Undefined parts have width 0.
struct Heads {
  View x;            // rows (b, t, h)
  Index tokens = 0;  // T or S
  Index heads = 0;   // H or a divisor of it
  Index width = 0;

  Heads() = default;
  explicit Heads(const Tensor& t)
      : x(t.defined() ? t.view() : View{}), tokens(t.defined() ? t.dim(1) : 0), heads(t.defined() ? t.dim(2) : 1),
        width(t.defined() ? t.cols() : 0) {}

  View head(Index b, Index h, Index H) const {  // [tokens, width] of the head that query head h uses
    return {x.data + (b * tokens * heads + h / (H / heads)) * x.ld, tokens, width, heads * x.ld};
  }
};

struct Problem {
  Heads q_c, q_r, k_c, k_r, v;
  Index B, T, S, H;
  real scale;
  const std::int32_t* first;  // nullptr: plain causal

  Index d() const { return q_c.width + q_r.width; }
  Index past() const { return S - T; }
  Index first_key(Index b, Index t) const { return first ? first[b * T + t] : 0; }
};

// [content; rotary] of n tokens from `begin`, times `factor`: the only place where the two parts meet, a tile at a time.
void gather(View tile, View c, View r, Index begin, real factor) {
  if (c.cols) tile.matrix().leftCols(c.cols) = factor * c.middle_rows(begin, tile.rows).matrix();
  if (r.cols) tile.matrix().rightCols(r.cols) = factor * r.middle_rows(begin, tile.rows).matrix();
}

void scatter_add(View c, View r, View tile, Index begin, real factor) {
  if (c.cols) c.middle_rows(begin, tile.rows).matrix() += factor * tile.matrix().leftCols(c.cols);
  if (r.cols) r.middle_rows(begin, tile.rows).matrix() += factor * tile.matrix().rightCols(r.cols);
}

// s of the queries from i0 and keys from j0, with -inf where t must not look.
void scores(View s, View q, View k, const Problem& p, Index b, Index i0, Index j0) {
  gemm_nt(s, q, k);
  for (Index i = 0; i < s.rows; ++i) {
    const Index begin = std::clamp<Index>(p.first_key(b, i0 + i) - j0, 0, s.cols);
    const Index end = std::clamp<Index>(p.past() + i0 + i + 1 - j0, begin, s.cols);
    s.row(i).head(begin).setConstant(-std::numeric_limits<real>::infinity());
    s.row(i).tail(s.cols - end).setConstant(-std::numeric_limits<real>::infinity());
  }
}

// The tiles of keys that queries i0 .. i0+n-1 of sequence b may see.
struct KeyRange {
  Index begin, end;
  KeyRange(const Problem& p, Index b, Index i0, Index n)
      : begin(p.first_key(b, i0) / kTile * kTile), end(p.past() + i0 + n) {}
};

void forward_head(const Problem& p, View o, View lse, Index b, Index h) {
  const Tensor k({p.S, p.d()}), q_tile({kTile, p.d()}), s_tile({kTile, kTile}), acc_tile({kTile, p.v.width});
  gather(k, p.k_c.head(b, h, p.H), p.k_r.head(b, h, p.H), 0, 1);
  const View v = p.v.head(b, h, p.H);
  for (Index i0 = 0; i0 < p.T; i0 += kTile) {
    const Index n = std::min(kTile, p.T - i0);
    const View q = q_tile.view().middle_rows(0, n), acc = acc_tile.view().middle_rows(0, n);
    gather(q, p.q_c.head(b, h, p.H), p.q_r.head(b, h, p.H), i0, p.scale);
    acc.matrix().setZero();
    real m[kTile], l[kTile];
    std::fill_n(m, n,
                std::numeric_limits<real>::lowest());  // finite: m - m' stays a number while a row has seen no key
    std::fill_n(l, n, real(0));
    const KeyRange keys(p, b, i0, n);
    for (Index j0 = keys.begin; j0 < keys.end; j0 += kTile) {
      const View s = s_tile.view().block(0, 0, n, std::min(kTile, keys.end - j0));
      scores(s, q, k.view().middle_rows(j0, s.cols), p, b, i0, j0);
      for (Index i = 0; i < n; ++i) {
        const real m_new = std::max(m[i], s.row(i).maxCoeff()), shrink = std::exp(m[i] - m_new);
        s.row(i).array() = (s.row(i).array() - m_new).exp();
        l[i] = l[i] * shrink + s.row(i).sum();
        acc.row(i) *= shrink;
        m[i] = m_new;
      }
      gemm_nn(acc, s, v.middle_rows(j0, s.cols), Accumulate::kYes);
    }
    for (Index i = 0; i < n; ++i) {
      const Index row = (b * p.T + i0 + i) * p.H + h;
      o.row(row) = acc.row(i) / l[i];
      lse[row] = m[i] + std::log(l[i]);
    }
  }
}

// Adds to dq (content, rotary), dk [S,d] and dv [S,v] of one head.
void backward_head(const Problem& p, View dq_c, View dq_r, View dk, View dv, View dO, View O, View lse, Index b,
                   Index h) {
  const Tensor k({p.S, p.d()}), q_tile({kTile, p.d()}), dq_tile({kTile, p.d()});
  const Tensor p_tile({kTile, kTile}), ds_tile({kTile, kTile});
  gather(k, p.k_c.head(b, h, p.H), p.k_r.head(b, h, p.H), 0, 1);
  const View v = p.v.head(b, h, p.H);
  const auto of_head = [&](View x) { return View{x.data + (b * p.T * p.H + h) * x.ld, p.T, x.cols, p.H * x.ld}; };
  const View do_h = of_head(dO), o_h = of_head(O);
  for (Index i0 = 0; i0 < p.T; i0 += kTile) {
    const Index n = std::min(kTile, p.T - i0);
    const View q = q_tile.view().middle_rows(0, n), dq = dq_tile.view().middle_rows(0, n);
    const View do_i = do_h.middle_rows(i0, n);
    gather(q, p.q_c.head(b, h, p.H), p.q_r.head(b, h, p.H), i0, p.scale);
    dq.matrix().setZero();
    const KeyRange keys(p, b, i0, n);
    for (Index j0 = keys.begin; j0 < keys.end; j0 += kTile) {
      const Index w = std::min(kTile, keys.end - j0);
      const View P = p_tile.view().block(0, 0, n, w), dS = ds_tile.view().block(0, 0, n, w);
      scores(P, q, k.view().middle_rows(j0, w), p, b, i0, j0);
      gemm_nt(dS, do_i, v.middle_rows(j0, w));  // dp, on its way to ds
      for (Index i = 0; i < n; ++i) {
        const real D = do_i.row(i).dot(o_h.row(i0 + i));
        P.row(i).array() = (P.row(i).array() - lse[(b * p.T + i0 + i) * p.H + h]).exp();
        dS.row(i).array() = P.row(i).array() * (dS.row(i).array() - D);
      }
      gemm_tn(dv.middle_rows(j0, w), P, do_i, Accumulate::kYes);
      gemm_nn(dq, dS, k.view().middle_rows(j0, w), Accumulate::kYes);
      gemm_tn(dk.middle_rows(j0, w), dS, q, Accumulate::kYes);  // q carries the scale already
    }
    scatter_add(dq_c, dq_r, dq, i0, p.scale);
  }
}

// dx [.., heads, width] += the shares [B,H,S,..] of all query heads that used it, columns from `column` on.
void add_shares(const Heads& dx, const Tensor& shares, Index column, Index B, Index H) {
  if (!dx.width) return;
  const Index per_head = H / dx.heads, S = dx.tokens;
  parallel_for(B * dx.heads, 1, [&](Index task) {
    const Index b = task / dx.heads, h0 = task % dx.heads * per_head;
    const View d = dx.head(b, h0, H);
    for (Index h = h0; h < h0 + per_head; ++h)
      d.matrix() += shares.view().block((b * H + h) * S, column, S, dx.width).matrix();
  });
}

Tensor gradient_of(const Tensor& x) { return x.defined() ? x.grad() : Tensor(); }

void attention_backward(const Problem& p, const Pair& q, const Pair& k, const Tensor& v, const Tensor& o,
                        const Tensor& lse, const Tensor& d_o) {
  const Heads dq_c(gradient_of(q.c)), dq_r(gradient_of(q.r));
  const Tensor dk({p.B, p.H, p.S, p.d()}), dv({p.B, p.H, p.S, p.v.width});
  const View dO = d_o, O = o, LSE = lse, dK = dk, dV = dv;
  parallel_for(p.B * p.H, 1, [&](Index task) {
    const Index b = task / p.H, h = task % p.H;
    const View dk_h = dK.middle_rows(task * p.S, p.S), dv_h = dV.middle_rows(task * p.S, p.S);
    dk_h.matrix().setZero();
    dv_h.matrix().setZero();
    backward_head(p, dq_c.head(b, h, p.H), dq_r.head(b, h, p.H), dk_h, dv_h, dO, O, LSE, b, h);
  });
  add_shares(Heads(gradient_of(k.c)), dk, 0, p.B, p.H);
  add_shares(Heads(gradient_of(k.r)), dk, p.q_c.width, p.B, p.H);
  add_shares(Heads(v.grad()), dv, 0, p.B, p.H);
}

void check_part(const char* name, const Tensor& q, const Tensor& k, const Tensor& v) {
  check(q.defined() == k.defined(), "attention: q and k must both have a ", name, " part, or neither");
  if (!q.defined()) return;
  check(q.cols() == k.cols() && q.dim(0) == k.dim(0) && k.dim(1) == v.dim(1) && q.dim(2) % k.dim(2) == 0,
        "attention: ", name, " parts q ", q.shape(), " and k ", k.shape(), " with v ", v.shape(),
        " must agree in batch and width, k and v in tokens, and the heads of k must divide those of q");
}

}  // namespace

Tensor attention(const Pair& q, const Pair& k, const Tensor& v, real scale, std::span<const std::int32_t> first) {
  check_part("content", q.c, k.c, v);
  check_part("rotary", q.r, k.r, v);
  const Tensor& any = q.c.defined() ? q.c : q.r;
  const Index B = any.dim(0), T = any.dim(1), H = any.dim(2), S = v.dim(1);
  check(S >= T && H % v.dim(2) == 0, "attention: v ", v.shape(), " must hold at least the ", T, " new tokens of q ",
        any.shape(), ", and its heads must divide those of q");
  check(first.empty() || (Index(first.size()) == B * T && S == T), "attention: the document mask has ", first.size(),
        " entries, expected ", B * T, " and no earlier tokens (", S - T, ")");
  Problem p{Heads(q.c), Heads(q.r), Heads(k.c), Heads(k.r), Heads(v), B, T, S, H, scale, nullptr};
  std::vector<std::int32_t> mask(first.begin(), first.end());
  p.first = mask.empty() ? nullptr : mask.data();

  const Tensor o({B, T, H, v.cols()}), lse({B, T, H});
  const View O = o, LSE = lse;
  parallel_for(B * H, 1, [&](Index task) { forward_head(p, O, LSE, task / H, task % H); });
  record("attention", {v}, {o}, [p, q, k, v, o, lse, mask = std::move(mask)]() mutable {
    p.first = mask.empty() ? nullptr : mask.data();
    attention_backward(p, q, k, v, o, lse, o.grad());
  });
  return o;
}

}  // namespace seekling
