#include "attention/paged_cache.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

namespace {

constexpr Index kH = 4, kTokens = 75;  // more than two pages

// The keys, or values, of n tokens from `begin` on, of all of them [1,kTokens,heads,width].
Tensor part(const Tensor& all, Index begin, Index n) {
  if (!all.defined()) return {};
  const Index heads = all.dim(2), width = all.cols();
  return all.reshape({kTokens, heads * width}).slice(begin, n).reshape({1, n, heads, width});
}

struct Rows {
  Rows(const CacheRow& r, Rng& rng) : row(r) {
    const auto random = [&](Index heads, Index width) {
      return width > 0 ? Tensor::randn({1, kTokens, heads, width}, rng) : Tensor();
    };
    key = {random(r.heads, r.content), random(r.heads, r.rotary)};
    value = random(r.heads, r.value);
    q = {random(kH, r.content), random(kH, r.rotary)};
  }
  const CacheRow row;
  Pair key, q;
  Tensor value;
};

}  // namespace

// Latents, keys and values of few heads, and those of MLA's naive form: a layer that decodes from
// either cache gets the same, in pieces of any length, as parts of a prompt and as steps.
TEST(PagedCache, AnswersAsTheContiguousCacheDoes) {
  for (const CacheRow& row : {CacheRow{1, 16, 8, 0}, CacheRow{2, 0, 16, 16}, CacheRow{4, 8, 6, 10}})
    for (const bool of_prompt : {false, true})
      for (const Index window : {0, 20}) {
        if (of_prompt && window > 0 && row.value == 0) continue;
        Rng rng(61);
        const Rows rows(row, rng);
        Cache whole(row, kTokens);
        Pages pages({segments_of(row)}, Format::kF32, Pages::needed(kTokens));
        Sequence sequence;
        for (Index begin = 0, n = 40; begin < kTokens;
             begin += n, n = std::min<Index>(7, kTokens - begin)) {
          const Pair key{part(rows.key.c, begin, n), part(rows.key.r, begin, n)},
              q{part(rows.q.c, begin, n), part(rows.q.r, begin, n)};
          const Tensor value = part(rows.value, begin, n);
          whole.append(key, value);
          pages.make_room(sequence, n);
          std::vector<TokenSlot> slots;
          for (Index t = 0; t < n; ++t) slots.push_back({&sequence, begin + t});
          sequence.length = begin + n;
          Step step(slots, pages, of_prompt, n);
          PagedCache paged(step, 0, row);
          paged.append(key, value);
          const Tensor o = paged.attend(q, real(0.3), window),
                       expected = whole.attend(q, real(0.3), window);
          EXPECT_LT((o.view().matrix() - expected.view().matrix()).cwiseAbs().maxCoeff(), 1e-5);
          if (of_prompt) {
            EXPECT_EQ(paged.tokens(), whole.tokens());
            EXPECT_TRUE(joined(paged.keys()).view().matrix() ==
                        joined(whole.keys()).view().matrix());
          }
        }
      }
}

// Of a step's tokens the last ones are wanted, and none may be.
TEST(PagedCache, GivesTheWantedRowsAndTheirPositions) {
  Pages pages({{4}}, Format::kF32, 2);
  Sequence sequence;
  pages.make_room(sequence, 5);
  const std::vector<TokenSlot> slots{{&sequence, 0}, {&sequence, 1}, {&sequence, 2}};
  const Rotary rotary = Rotary::plain(4, 100);
  Rng rng(62);
  const Tensor h = Tensor::randn({1, 3, 1, 4}, rng), turned = rope(h, 0, rotary);
  for (const Index wanted : {0, 1, 3}) {
    Step step(slots, pages, false, wanted);
    PagedCache cache(step, 0, {1, 0, 4, 0});
    const Tensor x = cache.wanted(h.reshape({1, 3, 4}));
    ASSERT_EQ(x.shape(), Shape({1, wanted, 4}));
    const Tensor y = rope(x.reshape({1, wanted, 1, 4}), cache.positions(x, rotary), rotary);
    for (Index i = 0; i < wanted; ++i)
      EXPECT_TRUE(y.view().row(i).isApprox(turned.view().row(3 - wanted + i)));
  }
}

TEST(Cache, SaysWhenItIsFull) {
  Cache cache({1, 0, 2, 2}, 3);
  const Tensor two = Tensor::zeros({1, 2, 1, 2});
  cache.append({{}, two}, two);
  EXPECT_ERROR(cache.append({{}, two}, two),
               "the context is full: it holds 3 tokens, and 4 are needed; generate fewer tokens or "
               "shorten the prompt");
  EXPECT_EQ(cache.tokens(), 2);
}

}  // namespace seekling
