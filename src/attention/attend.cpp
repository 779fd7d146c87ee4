// One token has no rows of queries to share out among threads, and absorbed MLA no key heads
// either, so the keys are shared out (Flash-Decoding, Dao et al. 2023): a piece is a token,
// a key head with up to kGroup of its query heads, and kSpan keys. It leaves the maximum m, the sum
// l and the unscaled output of its keys, and the pieces of a token are then put together in order.
// Where pieces begin depends on the position alone, so that bits do not depend on threads or batch.
// No twin: on a GPU decoding keeps contiguous caches, and attention_decode.cu reads them.
#include "attention/attend.h"

#include <cmath>
#include <limits>
#include <vector>

#include "core/parallel.h"
#include "tensor/tensor.h"

namespace seekling {

namespace {

constexpr Index kGroup = 16;  // query heads that go over a page while it is in the nearest cache
static_assert(kSpan % kPageTokens == 0);
constexpr Index kWorthThreads = 1 << 14;

struct Piece {
  Index n, head, key_head, group, span, row;  // row: of the partial results, the first of `group`

  Index begin(const TokenSlot& slot) const { return std::max(slot.first, span * kSpan); }  // keys
  Index end(const TokenSlot& slot) const { return std::min(slot.position + 1, (span + 1) * kSpan); }
};
struct Rows {  // of a page
  const real* data;
  Index ld;
};

}  // namespace

void attend(View o, View q, const Pages& pages, Index layer, const HeadLayout& layout, real scale,
            std::span<const TokenSlot> slots) {
  const Instructions& cpu = kernel();
  const Index H = layout.heads, per_key = H / layout.key_heads, key_width = q.cols,
              width = layout.value_width;
  std::vector<Piece> pieces;
  std::vector<Index> first_row, spans;  // by token
  Index rows = 0, work = 0;
  for (Index n = 0; n < Index(slots.size()); ++n) {
    const auto& [sequence, position, first] = slots[size_t(n)];
    const Index first_span = first / kSpan;
    spans.push_back(position / kSpan + 1 - first_span);
    first_row.push_back(rows);
    work += (position + 1 - first) * H * (key_width + width);
    for (Index s = 0; s < spans.back(); ++s)
      for (Index h = 0; h < H;) {
        const Index g = std::min(kGroup, per_key - h % per_key);
        pieces.push_back({n, h, h / per_key, g, first_span + s, rows + s * H + h});
        h += g;
      }
    rows += spans.back() * H;
  }
  const Tensor acc_of({rows, width}), sums({rows, 2});  // of each piece's heads; m and l
  const View acc = acc_of, ml = sums;

  parallel_for(
      Index(pieces.size()), work < kWorthThreads ? std::max<Index>(1, Index(pieces.size())) : 1,
      [&](Index i) {
        const Piece& p = pieces[size_t(i)];
        const TokenSlot& slot = slots[size_t(p.n)];
        const Index begin = p.begin(slot), end = p.end(slot), n = end - begin;
        const Index value = layout.values + p.key_head;
        const bool latents = value == p.key_head;  // which are keys and values at once
        const bool encoded = pages.format != Format::kF32;
        const Tensor key_scratch({encoded ? kSpan : 0, key_width}),
            value_scratch({encoded ? kPageTokens : 0, width});
        // Tokens t .. t + count - 1 of a sequence, which lie in one page.
        const auto rows_of = [&](const Sequence& sequence, Index t, Index count, Index segment,
                                 real* scratch) {
          Rows r;
          r.data = pages.read(layer, sequence.block_table[size_t(t / kPageTokens)], t % kPageTokens,
                              count, segment, scratch, r.ld);
          return r;
        };
        const auto for_each_page = [&](auto&& f) {
          for (Index t = begin, count = 0; t < end; t += count) {
            count = std::min(kPageTokens - t % kPageTokens, end - t);
            f(t, count);
          }
        };
        // The keys that this thread most likely meets after those before token t: the next page's,
        // or the first of the piece that is left when each other thread has taken one.
        // nullptr: there are none, or they are decoded into scratch first.
        const auto keys_after = [&](Index t) -> const real* {
          const Index later = i + threads();
          const bool here = t < end;
          if (encoded || (!here && later >= Index(pieces.size()))) return nullptr;
          const Piece& at = here ? p : pieces[size_t(later)];
          const TokenSlot& of = slots[size_t(at.n)];
          return rows_of(*of.sequence, here ? t : at.begin(of), 0, at.key_head, nullptr).data;
        };
        alignas(64) real scores[kGroup * kSpan];
        Rows keys[kSpan / kPageTokens];
        for_each_page([&](Index t, Index count) {
          const Index j = t - begin;
          Rows& k = keys[t % kSpan / kPageTokens];
          k = rows_of(*slot.sequence, t, count, p.key_head, key_scratch.data() + j * key_width);
          cpu.scores(scores + j, &q(p.n * H + p.head, 0), q.ld, p.group, k.data, k.ld, count,
                     key_width, keys_after(t + count));
        });
        for (Index g = 0; g < p.group; ++g)
          cpu.soften(scores + g * kSpan, n, scale, ml(p.row + g, 0), ml(p.row + g, 1));
        for (Index g = 0; g < p.group; ++g) acc.row(p.row + g).setZero();
        for_each_page([&](Index t, Index count) {
          const Rows v = latents ? keys[t % kSpan / kPageTokens]
                                 : rows_of(*slot.sequence, t, count, value, value_scratch.data());
          cpu.gather(acc.data + p.row * acc.ld, acc.ld, scores + t - begin, p.group, v.data, v.ld,
                     count, width);
        });
      });

  parallel_for(o.rows, /*grain=*/64, [&](Index row) {
    const Index n = row / H, base = first_row[size_t(n)] + row % H, count = spans[size_t(n)];
    real m = ml(base, 0), l = 0;
    for (Index s = 1; s < count; ++s) m = std::max(m, ml(base + s * H, 0));
    for (Index d = 0; d < width; ++d) o(row, d) = 0;
    for (Index s = 0; s < count; ++s) {
      const real weight = std::exp(ml(base + s * H, 0) - m);
      l += weight * ml(base + s * H, 1);
      for (Index d = 0; d < width; ++d) o(row, d) += weight * acc(base + s * H, d);
    }
    for (Index d = 0; d < width; ++d) o(row, d) /= l;
  });
}

}  // namespace seekling
