#include "sparse/indexer_loss.h"

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

namespace {

struct Case {
  Pair q, k;
  Mask mask;
};

// Three heads with a content part of their own and one rotary part for all.
Case random_case(Rng& rng) {
  return {{Tensor::randn({2, 6, 3, 4}, rng), Tensor::randn({2, 6, 3, 2}, rng)},
          {Tensor::randn({2, 6, 3, 4}, rng), Tensor::randn({2, 6, 1, 2}, rng)},
          {}};
}

constexpr std::int32_t kStart[] = {0, 0, 0, 3, 3, 3, 0, 0, 0, 0, 0, 5};

Ints two_of_each(Index T) {  // the query itself and key 1, or less
  std::vector<std::int32_t> positions;
  for (Index b = 0; b < 2; ++b)
    for (std::int32_t t = 0; t < std::int32_t(T); ++t)
      positions.insert(positions.end(), {t == 1 ? -1 : 1, t});
  return key_sets(positions, 2 * T, T);
}

}  // namespace

// o = Σ_s p_s v_s with v the same for all heads is the mean of the heads' outputs.
TEST(AttentionDistribution, IsTheMeanOfTheHeadsThatAttentionComputes) {
  Rng rng(1);
  Case c = random_case(rng);
  const Tensor v = Tensor::randn({2, 6, 1, 5}, rng);
  for (const bool chosen : {false, true})
    for (const bool documents : {false, true}) {
      c.mask = {};
      if (chosen) c.mask.chosen = two_of_each(6);
      if (documents && !chosen) c.mask.document_start = kStart;
      const Tensor p = attention_distribution(c.q, c.k, real(0.4), c.mask),
                   o = attention(c.q, c.k, v, real(0.4), c.mask);
      for (Index b = 0; b < 2; ++b)
        for (Index t = 0; t < 6; ++t) {
          const Index row = b * 6 + t;
          EXPECT_NEAR(p.view().row(row).sum(), 1, 1e-5);
          const auto mean = o.view().middle_rows(row * 3, 3).matrix().colwise().mean();
          const auto sum = p.view().row(row) * v.view().middle_rows(b * 6, 6).matrix();
          EXPECT_LT((mean - sum).cwiseAbs().maxCoeff(), 1e-5);
        }
    }
}

TEST(IndexerLoss, IsTheKullbackLeiblerDivergence) {
  const real scores[] = {5, 0, 0, 1, 1, 9, 0, std::log(real(3)), 9},
             attention[] = {1, 0, 0, 0.5, 0.5, 0, 0.5, 0.5, 0};
  Mask mask;
  const std::int32_t positions[] = {0, -1, 0, 1, 0, 1};
  mask.chosen = key_sets(positions, 3, 3);  // the third query sees the keys 0 and 1
  const IndexerLoss loss =
      indexer_loss(Tensor::of({1, 3, 3}, scores), Tensor::of({1, 3, 3}, attention), mask);
  EXPECT_NEAR(loss.each.data()[0], 0, 1e-6) << "one key: no choice";
  EXPECT_NEAR(loss.each.data()[1], 0, 1e-6) << "equal distributions";
  EXPECT_NEAR(loss.each.data()[2], 0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75), 1e-6);
  EXPECT_NEAR(loss.mean.item(), loss.each.data()[2] / 3, 1e-6);
}

TEST(IndexerLoss, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  Case c = random_case(rng);
  const Tensor I = strided({2, 6, 6}, rng);
  for (const bool chosen : {false, true}) {
    c.mask = {};
    if (chosen) c.mask.chosen = two_of_each(6);
    else c.mask.document_start = kStart;
    const Tensor p = attention_distribution(c.q, c.k, real(0.4), c.mask);
    EXPECT_LT(max_gradient_error([&] { return indexer_loss(I, p, c.mask).mean; }, {I}),
              gradient_tolerance());
  }
}

}  // namespace seekling
