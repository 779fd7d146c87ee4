#include "sparse/index_scores.h"

#include "core/check.h"
#include "core/parallel.h"
#include "gradcheck.h"

namespace seekling {

namespace {

// Equation (1), term by term.
double score(const Tensor& q, const Tensor& k, const Tensor& w, Index b, Index t, Index s) {
  const Index T = q.dim(1), HI = q.dim(2), S = k.dim(1);
  double sum = 0;
  for (Index h = 0; h < HI; ++h) {
    double product = 0;
    for (Index d = 0; d < q.cols(); ++d)
      product += double(q.view()((b * T + t) * HI + h, d)) * double(k.view()(b * S + s, d));
    sum += double(w.view()(b * T + t, h)) * std::max(product, 0.0);
  }
  return 0.5 * sum;
}

using Rows = std::vector<std::int32_t>;

}  // namespace

TEST(IndexScores, AreThoseOfEquationOneUpToTheQuery) {
  Rng rng(1);
  const Tensor q = Tensor::randn({2, 70, 3, 5}, rng), k = Tensor::randn({2, 150, 1, 5}, rng),
               w = Tensor::randn({2, 70, 3}, rng);
  const Tensor I = index_scores(q, k, w, real(0.5));
  for (Index b = 0; b < 2; ++b)
    for (Index t = 0; t < 70; ++t)
      for (Index s = 0; s < 150; ++s)
        EXPECT_NEAR(I.view()(b * 70 + t, s), s <= 80 + t ? score(q, k, w, b, t, s) : 0, 1e-4);
}

TEST(IndexScores, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  for (const Index S : {4, 6, 67}) {
    const Tensor q = strided({2, 4, 3, 5}, rng), k = strided({2, S, 1, 5}, rng),
                 w = strided({2, 4, 3}, rng), c = Tensor::randn({2, 4, S}, rng);
    for (Index t = 0; t < 4; ++t)  // no gradient comes from keys that the query does not see
      for (Index s = S - 4 + t + 1; s < S; ++s) c.view()(t, s) = c.view()(4 + t, s) = 0;
    EXPECT_LT(
        max_gradient_error([&] { return dot(index_scores(q, k, w, real(0.5)), c); }, {q, k, w}),
        tolerance_at_kinks());
  }
}

TEST(IndexScores, HaveTheSameBitsForAnyNumberOfThreads) {
  Rng rng(3);
  const Tensor q = Tensor::randn({1, 90, 4, 8}, rng), k = Tensor::randn({1, 90, 1, 8}, rng),
               w = Tensor::randn({1, 90, 4}, rng), c = Tensor::randn({1, 90, 90}, rng);
  std::vector<Tensor> results[2];
  const int before = threads();
  for (const int n : {1, 2}) {
    set_threads(n);
    for (const Tensor& x : {q, k, w}) x.clear_grad();
    Tape tape;
    const Tensor I = index_scores(q, k, w, 1);
    tape.backward(dot(I, c));
    results[n - 1] = {I, q.grad().clone(), k.grad().clone(), w.grad().clone()};
  }
  set_threads(before);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_TRUE(results[0][i].view().matrix() == results[1][i].view().matrix()) << i;
}

TEST(BestKeys, AreChosenAmongThoseThatTheQuerySees) {
  const real scores[] = {1,  9, 9, 9,   // sees key 0
                         -1, 3, 9, 9,   // sees all it may choose
                         5,  1, 2, 9,   // the masked 9 is no candidate
                         0,  4, 4, 4};  // of three equal ones the earlier two
  EXPECT_EQ(best_keys(Tensor::of({1, 4, 4}, scores), 2), (Rows{0, -1, 0, 1, 0, 2, 1, 2}));
}

TEST(BestKeys, StayInTheDocument) {
  const real scores[] = {9, 0, 0, 0, 9, 1, 0, 0, 9, 9, 1, 0, 9, 9, 1, 2};
  const std::int32_t document_start[] = {0, 0, 2, 2};
  EXPECT_EQ(best_keys(Tensor::of({1, 4, 4}, scores), 2, document_start),
            (Rows{0, -1, 0, 1, 2, -1, 2, 3}));
}

TEST(BestKeys, ANegativeScoreIsNoReasonToLeaveAKeyOut) {
  const real scores[] = {-3, -2, -1};
  EXPECT_EQ(best_keys(Tensor::of({1, 1, 3}, scores), 2), (Rows{1, 2}));
}

}  // namespace seekling
