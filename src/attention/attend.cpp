// Attention of single tokens over the cache. One token has no rows of queries to divide among the
// threads, and absorbed MLA has only one key head, so the keys are divided (Flash-Decoding, Dao et
// al. 2023). A piece is a token, a key head with up to kGroup of its query heads, and kSpan keys:
//
//   keys of a token   first ┆ ─── kSpan ─── │ ─── kSpan ─── │ ── ┆ position
//   piece of a head         m, l, acc        m, l, acc        m, l, acc           acc [width]
//                           └────────────────┴────────────────┴──▶ o              o   [width]
//
// Each piece leaves the maximum m, the sum l and the unnormalised output acc of its keys. The
// pieces of a token are then combined in order. Piece bounds depend only on the position, so the
// bits do not depend on the number of threads or the batch.
// No twin: on a GPU decoding uses contiguous caches, and attention_decode.cu reads them.
#include "attention/attend.h"

#include <cmath>
#include <limits>
#include <vector>

#include "core/parallel.h"
#include "tensor/tensor.h"

namespace seekling {

namespace {

constexpr Index kGroup = 16;  // query heads that read a page while it is in the L1 cache
static_assert(kSpan % kPageTokens == 0);
constexpr Index kWorthThreads = 1 << 14;  // multiply-adds that are worth starting threads

struct Piece {
  Index n, head, key_head, group, span, row;  // row: the first of `group` partial results

  Index begin(const TokenSlot& slot) const { return std::max(slot.first, span * kSpan); }  // keys
  Index end(const TokenSlot& slot) const { return std::min(slot.position + 1, (span + 1) * kSpan); }
};
struct Rows {  // of a page
  const real* data;
  Index ld;
};

// All pieces of a call, and where each token's partial results are.
struct AttendPlan {
  std::vector<Piece> pieces;
  std::vector<Index> first_row, spans;  // of each token
  Index rows = 0, work = 0;             // partial results; multiply-adds
};

struct CachedAttention {
  View q;
  const Pages& pages;
  Index layer;
  const HeadLayout& layout;
  real scale;
  std::span<const TokenSlot> slots;

  bool encoded() const { return pages.format != Format::kF32; }

  // The rows of tokens t .. t + count - 1 of a sequence, which are in one page.
  Rows rows(const Sequence& sequence, Index t, Index count, Index segment, real* scratch) const {
    Rows r;
    r.data = pages.read(layer, sequence.block_table[size_t(t / kPageTokens)], t % kPageTokens,
                        count, segment, scratch, r.ld);
    return r;
  }
};

AttendPlan plan_pieces(const CachedAttention& a) {
  const Index H = a.layout.heads, per_key = H / a.layout.key_heads;
  AttendPlan plan;
  for (Index n = 0; n < Index(a.slots.size()); ++n) {
    const auto& [sequence, position, first] = a.slots[size_t(n)];
    const Index first_span = first / kSpan, spans = position / kSpan + 1 - first_span;
    plan.spans.push_back(spans);
    plan.first_row.push_back(plan.rows);
    plan.work += (position + 1 - first) * H * (a.q.cols + a.layout.value_width);
    // Partial results of a token: [spans, H]. A group never crosses into the next key head.
    for (Index s = 0; s < spans; ++s)
      for (Index h = 0; h < H;) {
        const Index g = std::min(kGroup, per_key - h % per_key);
        plan.pieces.push_back({n, h, h / per_key, g, first_span + s, plan.rows + s * H + h});
        h += g;
      }
    plan.rows += spans * H;
  }
  return plan;
}

// The keys that the thread of piece i will probably read after those before token t: the next page
// of the piece, or the first page of the piece that remains after every other thread has taken one.
// nullptr if there are none, or if keys are decoded into scratch first.
const real* keys_after(const CachedAttention& a, const AttendPlan& plan, Index i, Index t) {
  const Piece& p = plan.pieces[size_t(i)];
  const Index later = i + threads();
  const bool here = t < p.end(a.slots[size_t(p.n)]);
  if (a.encoded() || (!here && later >= Index(plan.pieces.size()))) return nullptr;
  const Piece& at = here ? p : plan.pieces[size_t(later)];
  const TokenSlot& of = a.slots[size_t(at.n)];
  return a.rows(*of.sequence, here ? t : at.begin(of), 0, at.key_head, nullptr).data;
}

// Piece i: m and l into ml, the unnormalised outputs into acc, one row for each query head.
void attend_piece(const CachedAttention& a, const AttendPlan& plan, Index i, View acc, View ml) {
  const Instructions& cpu = kernel();
  const Piece& p = plan.pieces[size_t(i)];
  const TokenSlot& slot = a.slots[size_t(p.n)];
  const Index key_width = a.q.cols, width = a.layout.value_width;
  const Index begin = p.begin(slot), end = p.end(slot), n = end - begin;
  const Index value = a.layout.values + p.key_head;
  const bool latents = value == p.key_head;  // which are keys and values at once
  const Tensor key_scratch({a.encoded() ? kSpan : 0, key_width}),
      value_scratch({a.encoded() ? kPageTokens : 0, width});
  const auto for_each_page = [&](auto&& f) {
    for (Index t = begin, count = 0; t < end; t += count) {
      count = std::min(kPageTokens - t % kPageTokens, end - t);
      f(t, count);
    }
  };

  // Scores of the whole group, page by page; the next page is prefetched meanwhile.
  alignas(64) real scores[kGroup * kSpan];
  Rows keys[kSpan / kPageTokens];
  for_each_page([&](Index t, Index count) {
    const Index j = t - begin;
    Rows& k = keys[t % kSpan / kPageTokens];
    k = a.rows(*slot.sequence, t, count, p.key_head, key_scratch.data() + j * key_width);
    cpu.scores(scores + j, &a.q(p.n * a.layout.heads + p.head, 0), a.q.ld, p.group, k.data, k.ld,
               count, key_width, keys_after(a, plan, i, t + count));
  });

  // Softmax over the keys of this piece.
  for (Index g = 0; g < p.group; ++g)
    cpu.soften(scores + g * kSpan, n, a.scale, ml(p.row + g, 0), ml(p.row + g, 1));

  // The weighted sum of the values, page by page.
  for (Index g = 0; g < p.group; ++g) acc.row(p.row + g).setZero();
  for_each_page([&](Index t, Index count) {
    const Rows v = latents ? keys[t % kSpan / kPageTokens]
                           : a.rows(*slot.sequence, t, count, value, value_scratch.data());
    cpu.gather(acc.data + p.row * acc.ld, acc.ld, scores + t - begin, p.group, v.data, v.ld, count,
               width);
  });
}

// Combines the `count` pieces of one head, H rows apart from `base` on, to its output o.
void combine_pieces(real* o, View acc, View ml, Index base, Index H, Index count) {
  real m = ml(base, 0), l = 0;
  for (Index s = 1; s < count; ++s) m = std::max(m, ml(base + s * H, 0));
  for (Index d = 0; d < acc.cols; ++d) o[d] = 0;
  for (Index s = 0; s < count; ++s) {
    const real weight = std::exp(ml(base + s * H, 0) - m);
    l += weight * ml(base + s * H, 1);
    for (Index d = 0; d < acc.cols; ++d) o[d] += weight * acc(base + s * H, d);
  }
  for (Index d = 0; d < acc.cols; ++d) o[d] /= l;
}

}  // namespace

void attend(View o, View q, const Pages& pages, Index layer, const HeadLayout& layout, real scale,
            std::span<const TokenSlot> slots) {
  const CachedAttention a{q, pages, layer, layout, scale, slots};
  const AttendPlan plan = plan_pieces(a);
  const Tensor acc_of({plan.rows, layout.value_width}), sums({plan.rows, 2});
  const View acc = acc_of, ml = sums;  // allocated here, before the threads start

  const Index pieces = Index(plan.pieces.size());
  parallel_for(pieces, plan.work < kWorthThreads ? std::max<Index>(1, pieces) : 1,
               [&](Index i) { attend_piece(a, plan, i, acc, ml); });

  const Index H = layout.heads;
  parallel_for(o.rows, /*grain=*/64, [&](Index row) {
    const size_t n = size_t(row / H);
    combine_pieces(&o(row, 0), acc, ml, plan.first_row[n] + row % H, H, plan.spans[n]);
  });
}

}  // namespace seekling
