// Attention. Vaswani et al. 2017 (arXiv:1706.03762) eq. 1, as in DeepSeek-V2
// (arXiv:2405.04434) eq. 46:
//   s_tj = scale (q^C_t·k^C_j + q^R_t·k^R_j)   p_tj = exp(s_tj - lse_t)   lse_t = log Σ_j exp s_tj
//   o_t  = Σ_j p_tj v_j        j up to t itself, from the first token of t's document and window on
// The sink of a head (DeepSeek-V4) is one more term of the sum in lse_t: exp sink, with value 0.
// Each head is computed in tiles, so no T x S matrix is ever stored: the online softmax
// (Milakov & Gimelshein 2018, arXiv:1805.02867) keeps a running maximum m and sum l per row,
// and rescales the accumulated output whenever m grows. The backward pass needs only o and lse,
// one value per row (FlashAttention, arXiv:2205.14135, algorithms 1-4).
//
// Backward: the tiles of p are recomputed from lse. With D_t = do_t·o_t = Σ_j p_tj (do_t·v_j):
//   dv_j  = Σ_t p_tj do_t                dq_t = scale Σ_j ds_tj k_j
//   ds_tj = p_tj (do_t·v_j - D_t)        dk_j = scale Σ_t ds_tj q_t
//   dsink = -Σ_t exp(sink - lse_t) D_t, which is Σ_t ds_tj for v_j = 0
// Forward, a row of the tile is a query: its weights p multiply all v_j in one product.
// Backward, a row is a key: its gradient is a sum over all later queries, so dv and dk are long
// products too, and only dq consists of short ones. Operands that are read many times (the keys
// in the forward pass, the queries in the backward pass) are packed once per head.
//
// A thread owns a (sequence, query head). If several query heads share a key head, each writes a
// separate share of dk or dv, and the shares are added in the order of the heads: the same bits for
// any number of threads.
#include "attention/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "core/parallel.h"
#include "matmul/gemm.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

constexpr Index kQueries = 24, kKeys = 256;          // forward tile: few rows waste little
constexpr Index kKeysBack = 48, kQueriesBack = 128;  // backward tile
constexpr Index kLanes = 16;                         // rows are multiples of this: exp has no tail
constexpr real kMinusInfinity = -std::numeric_limits<real>::infinity();

static_assert(kKeys % PackedMatrix::kStep == 0 && kQueriesBack % PackedMatrix::kStep == 0);

using Problem = AttentionProblem;

// tile = factor [content; rotary] of the tokens from `begin` on. The two parts are only ever
// joined here, one tile at a time.
void gather(View tile, View c, View r, Index begin, real factor) {
  if (c.cols) tile.matrix().leftCols(c.cols) = factor * c.middle_rows(begin, tile.rows).matrix();
  if (r.cols) tile.matrix().rightCols(r.cols) = factor * r.middle_rows(begin, tile.rows).matrix();
}

void scatter_add(View c, View r, View tile, Index begin, real factor) {
  if (c.cols) c.middle_rows(begin, tile.rows).matrix() += factor * tile.matrix().leftCols(c.cols);
  if (r.cols) r.middle_rows(begin, tile.rows).matrix() += factor * tile.matrix().rightCols(r.cols);
}

Index round_down(Index n, Index step) { return n / step * step; }
Index round_up(Index n, Index step) { return round_down(n + step - 1, step); }

// The columns [from, to) of a tile's row that the mask lets through, and [begin, end), the same
// range rounded out to whole lanes. exp runs on [begin, end), with -inf in the margins. Rows of a
// tile have room for whole lanes.
struct Seen {
  Index from, to, begin, end;

  Seen(Index first, Index last, Index width)
      : from(std::clamp<Index>(first, 0, width)), to(std::clamp<Index>(last, from, width)),
        begin(round_down(from, kLanes)), end(to > from ? round_up(to, kLanes) : begin) {}

  bool nothing() const { return begin == end; }
  Eigen::Map<Eigen::Array<real, 1, Eigen::Dynamic>> of(const real* row) const {
    return {const_cast<real*>(row) + begin, end - begin};
  }
  void hide_margins(real* row) const {
    std::fill(row + begin, row + from, kMinusInfinity);
    std::fill(row + to, row + end, kMinusInfinity);
  }
  template <class IsSeen>
  void hide_unless(real* row, const IsSeen& is_seen) const {
    for (Index j = from; j < to; ++j)
      if (!is_seen(j)) row[j] = kMinusInfinity;
  }
  void clear_rest(real* row, Index width) const {
    std::fill(row, row + begin, real(0));
    std::fill(row + std::min(end, width), row + width, real(0));
  }
};

// o and lse of one query head.
void forward_head(const Problem& p, View o, View lse, Index b, Index h) {
  // Pack the keys and values of the head: every tile of queries reads them.
  const Tensor k_rows({p.S, p.d()}), q_tile({kQueries, p.d()}), s_tile({kQueries, kKeys});
  const Tensor acc_tile({kQueries, p.v.width});
  gather(k_rows, p.k_c.head(b, h, p.H), p.k_r.head(b, h, p.H), 0, 1);
  const PackedMatrix k = PackedMatrix::transposed(k_rows),
                     v = PackedMatrix::of(p.v.head(b, h, p.H));

  for (Index i0 = 0; i0 < p.T; i0 += kQueries) {
    // A tile of scaled queries, and the start of their online softmax.
    const Index n = std::min(kQueries, p.T - i0);
    const View q = q_tile.view().middle_rows(0, n), acc = acc_tile.view().middle_rows(0, n);
    gather(q, p.q_c.head(b, h, p.H), p.q_r.head(b, h, p.H), i0, p.scale);
    real m[kQueries], l[kQueries];
    std::fill_n(m, n, p.first_maximum(h));
    std::fill_n(l, n, p.first_sum());

    // For each tile of keys that they see: s = Q Kᵀ, mask, online softmax, acc += P V.
    const Index begin = round_down(p.first_key(b, i0), PackedMatrix::kStep),
                end = p.end_of_keys(i0 + n - 1);
    for (Index j0 = begin; j0 < end; j0 += kKeys) {
      const View s = s_tile.view().block(0, 0, n, std::min(kKeys, end - j0));
      gemm(s, q, k, 0, j0);
      for (Index i = 0; i < n; ++i) {
        real* row = s.row(i).data();
        const Seen seen(p.first_key(b, i0 + i) - j0, p.end_of_keys(i0 + i) - j0, s.cols);
        seen.clear_rest(row, s.cols);
        if (seen.nothing()) continue;
        seen.hide_margins(row);
        if (p.chosen)
          seen.hide_unless(row, [&](Index j) { return p.is_chosen(b, i0 + i, j0 + j); });
        auto s_i = seen.of(row);
        const real m_new = std::max(m[i], s_i.maxCoeff()), shrink = std::exp(m[i] - m_new);
        s_i = (s_i - m_new).exp();
        l[i] = l[i] * shrink + s_i.sum();
        if (j0 > begin) acc.row(i) *= shrink;
        m[i] = m_new;
      }
      gemm(acc, s, v, j0, 0, j0 > begin ? Accumulate::kYes : Accumulate::kNo);
    }

    // Normalise by the sums.
    for (Index i = 0; i < n; ++i) {
      const Index row = (b * p.T + i0 + i) * p.H + h;
      o.row(row) = acc.row(i) / l[i];
      lse[row] = m[i] + std::log(l[i]);
    }
  }
}

// The destination of a query head's dk or dv: the gradient of its key head or, if several query
// heads use that key head, a separate share.
class ByQueryHead {
 public:
  ByQueryHead(const Heads& gradient, const Problem& p) : gradient_(gradient), H_(p.H) {
    if (gradient.heads == p.H) return;
    memory_ = Tensor::zeros({p.B, p.H, p.S, gradient.width});
    shares_ = memory_;  // zero-filled here, before the threads start
  }
  View of(Index b, Index h) const {  // [S, width]
    const Index S = gradient_.tokens;
    return shared() ? shares_.middle_rows((b * H_ + h) * S, S) : gradient_.head(b, h, H_);
  }

  void add_shares(Index B) const {
    if (!shared()) return;
    const Index per_head = H_ / gradient_.heads;
    parallel_for(B * gradient_.heads, 1, [&](Index task) {
      const Index b = task / gradient_.heads, h0 = task % gradient_.heads * per_head;
      const View d = gradient_.head(b, h0, H_);
      for (Index h = h0; h < h0 + per_head; ++h) d.matrix() += of(b, h).matrix();
    });
  }

 private:
  bool shared() const { return memory_.defined(); }

  const Heads gradient_;
  const Index H_;
  Tensor memory_;
  View shares_;  // [B,H,S, width]
};

struct KeyGradients {
  ByQueryHead k_c, k_r, v;
};

// Adds one query head's dq, dk (content and rotary) and dv.
void backward_head(const Problem& p, View dq_c, View dq_r, const KeyGradients& d, View dO, View O,
                   View lse, Index b, Index h) {
  const Tensor k_rows({p.S, p.d()}), q_rows({p.T, p.d()}), dq({p.T, p.d()}),
      lse_D({2, p.T + kQueriesBack});
  const Tensor p_tile({kKeysBack, kQueriesBack}), ds_tile({kKeysBack, kQueriesBack});

  // The head's rows of k, q, do and o, and its lse and D.
  gather(k_rows, p.k_c.head(b, h, p.H), p.k_r.head(b, h, p.H), 0, 1);
  gather(q_rows, p.q_c.head(b, h, p.H), p.q_r.head(b, h, p.H), 0, p.scale);
  const auto of_head = [&](View x) {
    return View{x.data + (b * p.T * p.H + h) * x.ld, p.T, x.cols, p.H * x.ld};
  };
  const View do_h = of_head(dO), o_h = of_head(O), v_rows = p.v.head(b, h, p.H);
  real *lse_h = lse_D.view().row(0).data(), *D = lse_D.view().row(1).data();
  for (Index t = 0; t < p.T; ++t)
    lse_h[t] = lse[(b * p.T + t) * p.H + h], D[t] = do_h.row(t).dot(o_h.row(t));
  dq.view().matrix().setZero();

  // Pack what every tile of keys reads.
  const PackedMatrix q_t = PackedMatrix::transposed(q_rows), do_t = PackedMatrix::transposed(do_h);
  const PackedMatrix q_c = PackedMatrix::of(q_rows.view().block(0, 0, p.T, p.q_c.width));
  const PackedMatrix q_r = PackedMatrix::of(q_rows.view().block(0, p.q_c.width, p.T, p.q_r.width));
  const PackedMatrix d_o = PackedMatrix::of(do_h), k = PackedMatrix::of(k_rows);

  // For each tile of keys, and each tile of queries that see them ...
  for (Index j0 = 0; j0 < p.S; j0 += kKeysBack) {
    const Index n = std::min(kKeysBack, p.S - j0), end = p.end_of_queries(b, j0 + n - 1);
    const View k_j = k_rows.view().middle_rows(j0, n), v_j = v_rows.middle_rows(j0, n);
    const View dk_c = d.k_c.of(b, h).middle_rows(j0, n), dk_r = d.k_r.of(b, h).middle_rows(j0, n);
    const View dv_j = d.v.of(b, h).middle_rows(j0, n);
    for (Index i0 = round_down(p.first_query(j0), PackedMatrix::kStep); i0 < end;
         i0 += kQueriesBack) {
      const Index w = std::min(kQueriesBack, end - i0);
      const View P = p_tile.view().block(0, 0, n, w), dS = ds_tile.view().block(0, 0, n, w);
      // ... s and dp ...
      gemm(P, k_j, q_t, 0, i0);
      gemm(dS, v_j, do_t, 0, i0);
      // ... become p and ds in place ...
      for (Index j = 0; j < n; ++j) {
        real *p_row = P.row(j).data(), *ds_row = dS.row(j).data();
        const Seen seen(p.first_query(j0 + j) - i0, p.end_of_queries(b, j0 + j) - i0, w);
        seen.clear_rest(p_row, w), seen.clear_rest(ds_row, w);
        seen.hide_margins(p_row);
        if (p.chosen)
          seen.hide_unless(p_row, [&](Index i) { return p.is_chosen(b, i0 + i, j0 + j); });
        auto p_j = seen.of(p_row), ds_j = seen.of(ds_row);
        p_j = (p_j - seen.of(lse_h + i0)).exp();
        ds_j = p_j * (ds_j - seen.of(D + i0));
      }
      // ... and add to dv, dk and dq.
      gemm(dv_j, P, d_o, i0, 0, Accumulate::kYes);
      gemm(dk_c, dS, q_c, i0, 0, Accumulate::kYes);  // q is already scaled
      gemm(dk_r, dS, q_r, i0, 0, Accumulate::kYes);
      gemm_t(dq.view().middle_rows(i0, w), dS, k, j0, 0, Accumulate::kYes);
    }
  }
  scatter_add(dq_c, dq_r, dq, 0, p.scale);
}

void sink_backward(View d_sink, View d_o, View o, View lse, const real* sink) {
  const Index H = d_sink.cols;
  parallel_for(H, 1, [=](Index h) {
    real sum = 0;
    for (Index row = h; row < o.rows; row += H)
      sum += std::exp(sink[h] - lse[row]) * d_o.row(row).dot(o.row(row));
    d_sink[h] -= sum;
  });
}

Tensor gradient_of(const Tensor& x) { return x.defined() ? x.grad() : Tensor(); }

void check_part(const char* name, const Tensor& q, const Tensor& k, const Tensor& v) {
  check(q.defined() == k.defined(), "attention: q and k must both have a ", name,
        " part, or neither");
  if (!q.defined()) return;
  check(q.cols() == k.cols() && q.dim(0) == k.dim(0) && k.dim(1) == v.dim(1) &&
            q.dim(2) % k.dim(2) == 0,
        "attention: ", name, " parts q ", q.shape(), " and k ", k.shape(), " with v ", v.shape(),
        " must agree in batch and width, k and v in tokens, and the heads of k must divide those "
        "of q");
}

}  // namespace

void cpu::attention_forward(View o, View lse, const AttentionProblem& p) {
  parallel_for(p.B * p.H, 1, [&](Index task) { forward_head(p, o, lse, task / p.H, task % p.H); });
}

void cpu::attention_backward(const AttentionGradients& d, View d_o, View o, View lse,
                             const AttentionProblem& p) {
  const KeyGradients keys{{d.k_c, p}, {d.k_r, p}, {d.v, p}};
  parallel_for(p.B * p.H, 1, [&](Index task) {
    const Index b = task / p.H, h = task % p.H;
    backward_head(p, d.q_c.head(b, h, p.H), d.q_r.head(b, h, p.H), keys, d_o, o, lse, b, h);
  });
  for (const ByQueryHead* gradient : {&keys.k_c, &keys.k_r, &keys.v}) gradient->add_shares(p.B);
  if (p.sink) sink_backward(d.sink, d_o, o, lse, p.sink);
}

// For each key, the end of its document, under the document mask of a T x T attention.
static Ints ends_of_queries(std::span<const std::int32_t> document_start, Index B, Index T) {
  const Ints until(Index(document_start.size()));
  for (Index b = 0; b < B && !document_start.empty(); ++b) {
    const auto documents = document_start.subspan(size_t(b * T), size_t(T));
    check(std::is_sorted(documents.begin(), documents.end()),
          "attention: the document mask of sequence ", b,
          " decreases: a token's first key must not come before the previous token's first key");
    Index end = 0;
    for (Index j = 0; j < T; ++j) {
      while (end < T && documents[size_t(end)] <= j) ++end;
      until[b * T + j] = std::int32_t(end);
    }
  }
  return until;
}

static void check_mask(const Mask& mask, Index B, Index T, Index S, Index H) {
  const Index entries = Index(mask.document_start.size());
  check(entries == 0 || (entries == B * T && S == T), "attention: the document mask has ", entries,
        " entries, expected ", B * T, " and no earlier tokens (", S - T, ")");
  check(mask.window >= 0, "attention: the window is ", mask.window,
        " keys, expected at least 1, or 0 for all");
  check(mask.chosen.empty() || mask.chosen.size() == B * T * key_words(S),
        "attention: the chosen keys have ", mask.chosen.size(), " words, expected ", key_words(S),
        " for each of ", B * T, " tokens");
  check(!mask.sink.defined() || mask.sink.size() == H, "attention: the sink ", mask.sink.shape(),
        " must have a logit for each of the ", H, " heads");
}

Tensor joined(const Pair& x) {
  if (!x.c.defined()) return x.r;
  const Index B = x.c.dim(0), T = x.c.dim(1), H = x.c.dim(2), c = x.c.cols(), r = x.r.cols(),
              shared = H / x.r.dim(2);
  const Tensor y({B, T, H, c + r}, x.c.device());
  y.columns(0, c).copy_from(x.c);
  const Tensor rotary = y.columns(c, r);
  if (shared == 1) return rotary.copy_from(x.r), y;
  const Tensor to = y.reshape({B * T, H * (c + r)}), from = x.r.reshape({B * T, H / shared * r});
  for (Index h = 0; h < H; ++h)
    to.columns(h * (c + r) + c, r).copy_from(from.columns(h / shared * r, r));
  return y;
}

Tensor attention(const Pair& q, const Pair& k, const Tensor& v, real scale, const Mask& mask) {
  // Check the shapes.
  check_part("content", q.c, k.c, v);
  check_part("rotary", q.r, k.r, v);
  const Tensor& any = q.c.defined() ? q.c : q.r;
  const Index B = any.dim(0), T = any.dim(1), H = any.dim(2), S = v.dim(1);
  check(S >= T && H % v.dim(2) == 0, "attention: v ", v.shape(), " must hold at least the ", T,
        " new tokens of q ", any.shape(), ", and its heads must divide those of q");
  check_mask(mask, B, T, S, H);

  // The mask as arrays that kernels read. `until` is for the CPU only.
  const Device device = v.device();
  const Ints begin(mask.document_start, device), until = ends_of_queries(mask.document_start, B, T);
  const Index window = mask.window > 0 ? mask.window : kAllKeys;
  const Ints chosen = mask.chosen;
  const Tensor sink = mask.sink;

  // Forward.
  const Tensor o({B, T, H, v.cols()}, device), lse({B, T, H}, device);
  const auto problem = [=] {
    AttentionProblem p{Heads(q.c), Heads(q.r), Heads(k.c), Heads(k.r), Heads(v), B, T, S, H, scale};
    p.first = begin.data(), p.until = until.data(), p.window = window;
    p.chosen = chosen.data();
    if (sink.defined()) p.sink = sink.data();
    p.plays = Recording::plays();
    return p;
  };
  on(device, cpu::attention_forward, cuda::attention_forward)(o, lse, problem());
  if (!recording()) return o;

  // The tape entry, with the inputs that are defined.
  std::vector<Tensor> inputs{q.c, q.r, k.c, k.r, v, sink};
  std::erase_if(inputs, [](const Tensor& x) { return !x.defined(); });
  record("attention", inputs, {o}, [=, d_o = o.grad()] {
    const AttentionGradients d{
        Heads(gradient_of(q.c)), Heads(gradient_of(q.r)),
        Heads(gradient_of(k.c)), Heads(gradient_of(k.r)),
        Heads(v.grad()),         sink.defined() ? sink.grad().view() : View{}};
    on(device, cpu::attention_backward, cuda::attention_backward)(d, d_o, o, lse, problem());
  });
  return o;
}

}  // namespace seekling
