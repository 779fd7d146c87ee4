#include "attention/attend.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "gradcheck.h"
#include "quant/kernel.h"

namespace seekling {

namespace {

struct Filled {  // sequences of these lengths, their pages mixed up
  Filled(const HeadLayout& heads, const Segments& segments, Format format,
         std::vector<Index> lengths)
      : pages({segments, segments}, format, 64), sequences(lengths.size()), layout(heads) {
    Rng rng(9);
    for (bool more = true; more;) {
      more = false;
      for (std::size_t s = 0; s < lengths.size(); ++s) {
        Sequence& sequence = sequences[s];
        if (sequence.length == lengths[s]) continue;
        pages.make_room(sequence, 1);
        for (Index segment = 0; segment < count(); ++segment) {
          const Tensor x = Tensor::randn({pages.width(1, segment)}, rng);
          pages.write(1, sequence, sequence.length, segment, x.data());
        }
        ++sequence.length;
        more = true;
      }
    }
  }
  Index count() const { return layout.values == 0 ? 1 : 2 * layout.key_heads; }

  std::vector<double> cached(const Sequence& s, Index token, Index segment) const {
    std::vector<real> scratch(32 * 64);
    Index ld = 0;
    const real* x = pages.read(1, s.block_table[size_t(token / 32)], token % 32, 1, segment,
                               scratch.data(), ld);
    return {x, x + pages.width(1, segment)};
  }

  // The largest difference to a plain loop in double.
  double error(View o, View q, std::span<const TokenSlot> slots, double scale) const {
    double worst = 0;
    const Index H = layout.heads;
    for (Index row = 0; row < o.rows; ++row) {
      const TokenSlot& slot = slots[size_t(row / H)];
      const Index key_head = row % H / (H / layout.key_heads);
      std::vector<double> sum(size_t(o.cols), 0);
      double total = 0;
      for (Index j = slot.first; j <= slot.position; ++j) {
        const auto k = cached(*slot.sequence, j, key_head),
                   v = cached(*slot.sequence, j, layout.values + key_head);
        double s = 0;
        for (Index d = 0; d < q.cols; ++d) s += double(q(row, d)) * k[size_t(d)];
        const double p = std::exp(scale * s);
        total += p;
        for (Index d = 0; d < o.cols; ++d) sum[size_t(d)] += p * v[size_t(d)];
      }
      for (Index d = 0; d < o.cols; ++d)
        worst = std::max(worst, std::fabs(double(o(row, d)) - sum[size_t(d)] / total));
    }
    return worst;
  }

  Pages pages;
  std::vector<Sequence> sequences;
  HeadLayout layout;
};

const HeadLayout kLatent{5, 1, 0, 17}, kManyHeads{40, 1, 0, 17}, kGrouped{6, 2, 2, 9},
    kEvery{3, 3, 3, 20};

std::vector<Index> widths(const HeadLayout& layout) {
  if (layout.values == 0) return {23};
  std::vector<Index> w(size_t(layout.key_heads), 11);
  w.insert(w.end(), size_t(layout.key_heads), layout.value_width);
  return w;
}

}  // namespace

TEST(Attend, EqualsThePlainLoopFromEveryKindOfCache) {
  for (const HeadLayout& layout : {kLatent, kManyHeads, kGrouped, kEvery})
    for (const Format format : {Format::kF32, Format::kBF16, Format::kInt8, Format::kInt4}) {
      Filled f(layout, widths(layout), format, {1, 33, 600});
      const std::vector<TokenSlot> slots{{&f.sequences[0], 0},
                                         {&f.sequences[1], 0},
                                         {&f.sequences[1], 31},
                                         {&f.sequences[1], 32},
                                         {&f.sequences[2], 255},
                                         {&f.sequences[2], 256},
                                         {&f.sequences[2], 599},
                                         // windows: from within a page, from a span's border, one
                                         {&f.sequences[2], 599, 70},
                                         {&f.sequences[2], 400, 256},
                                         {&f.sequences[2], 599, 599}};
      const Index rows = Index(slots.size()) * layout.heads;
      Rng rng(3);
      const Tensor q = Tensor::randn({rows, f.pages.width(1, 0)}, rng),
                   o({rows, layout.value_width});
      attend(o, q, f.pages, 1, layout, real(0.3), slots);
      EXPECT_LT(f.error(o, q, slots, 0.3), 2e-6) << layout.heads << " " << name(format);
    }
}

TEST(Attend, WideRowsEqualThePlainLoopInEveryTileOfQueries) {  // stripes of 4; 1 to 9 queries
  const Instructions& best = kernel();
  for (const Instructions* cpu : kernels())
    for (Index heads = 1; heads <= 9; ++heads) {
      set_kernel(*cpu);
      const HeadLayout layout{heads, 1, 0, 64};
      Filled f(layout, {64}, Format::kF32, {300});
      const std::vector<TokenSlot> slots{{&f.sequences[0], 40}, {&f.sequences[0], 299}};
      Rng rng(3);
      const Tensor q = Tensor::randn({2 * heads, 64}, rng), o({2 * heads, 64});
      attend(o, q, f.pages, 1, layout, real(0.1), slots);
      EXPECT_LT(f.error(o, q, slots, 0.1), 2e-6) << heads;
      const Tensor one({1, 64});  // a head has the same bits in any tile
      attend(one, q.slice(heads, 1), f.pages, 1, {1, 1, 0, 64}, real(0.1),
             std::span(slots).subspan(1, 1));
      EXPECT_TRUE(one.view().matrix() == o.view().middle_rows(heads, 1).matrix()) << heads;
    }
  set_kernel(best);
}

TEST(Attend, ATokenHasTheSameBitsAloneAndAmongOthersOnAnyNumberOfThreads) {
  const int before = threads();
  Filled f(kLatent, widths(kLatent), Format::kF32, {300, 700});
  const std::vector<TokenSlot> slots{
      {&f.sequences[1], 699}, {&f.sequences[0], 17}, {&f.sequences[0], 299}};
  Rng rng(3);
  const Tensor q = Tensor::randn({15, 23}, rng), o({15, 17}), one({5, 17});
  set_threads(3);
  attend(o, q, f.pages, 1, kLatent, 1, slots);
  set_threads(1);
  for (Index n = 0; n < 3; ++n) {
    attend(one, q.slice(5 * n, 5), f.pages, 1, kLatent, 1, std::span(slots).subspan(size_t(n), 1));
    EXPECT_TRUE(one.view().matrix() == o.view().middle_rows(5 * n, 5).matrix()) << n;
  }
  set_threads(before);
}

TEST(Attend, ScoresFarApartNeitherOverflowNorVanish) {
  Pages pages({{4}}, Format::kF32, 40);
  Sequence s;
  pages.make_room(s, 1000);
  for (Index t = 0; t < 1000; ++t) {
    const real x[] = {t == 500 ? real(300) : real(-t), 1, real(t), 0};
    pages.write(0, s, t, 0, x);
  }
  s.length = 1000;
  const Tensor q = Tensor::of({1, 4}, std::vector<real>{1, 0, 0, 0}), o({1, 4});
  const TokenSlot slot{&s, 999};
  attend(o, q, pages, 0, {1, 1, 0, 4}, 1, std::span(&slot, 1));
  EXPECT_EQ(o.data()[0], 300);
  EXPECT_EQ(o.data()[2], 500);
}

TEST(Pages, AreGivenTakenBackAndGivenAgain) {
  Pages pages({{8, 2}, {8, 2}, {6}}, Format::kF32, 4);
  const Index row = 26 * Index(sizeof(real));
  EXPECT_EQ(pages.bytes(), 4 * 32 * row);
  EXPECT_EQ(pages.bytes_per_token(), row);
  Sequence a, b;
  pages.make_room(a, 33), a.length = 33;
  pages.make_room(b, 32), b.length = 32;
  EXPECT_EQ(pages.free(), 1);
  pages.make_room(a, 31);  // still within its pages
  EXPECT_EQ(pages.free(), 1);
  EXPECT_ERROR(pages.make_room(b, 33),
               "the cache is full: 1 of its 4 pages of 32 tokens are free, and 2 are needed; give "
               "it more memory or run "
               "fewer requests");
  EXPECT_EQ(b.block_table.size(), 1u);
  pages.truncate(a, 32);
  EXPECT_EQ(pages.free(), 2);
  pages.make_room(b, 33);
  EXPECT_EQ(pages.free(), 0);
}

TEST(Pages, SayWhenASequencesContextIsFull) {
  Pages pages({{8}}, Format::kF32, 4);
  Sequence a;
  a.capacity = 5, a.length = 5;
  EXPECT_ERROR(pages.make_room(a, 1),
               "the context is full: it holds 5 tokens, and 6 are needed; generate fewer tokens or "
               "shorten the prompt");
}

}  // namespace seekling
