#include "attention/attention.h"

#include <cmath>

#include "core/check.h"
#include "core/parallel.h"
#include "core/products.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

namespace {

// The definition, one number at a time, in double.
double plain(const Pair& q, const Pair& k, const Tensor& v, double scale,
             std::span<const std::int32_t> document_start, Index b, Index t, Index h,
             Index column) {
  const Tensor& any = q.c.defined() ? q.c : q.r;
  const Index T = any.dim(1), H = any.dim(2), S = v.dim(1);
  const auto part = [&](const Tensor& a, const Tensor& c, Index s) {
    if (!a.defined()) return 0.0;
    const Index heads = c.dim(2);
    return double(
        a.view().row((b * T + t) * H + h).dot(c.view().row((b * S + s) * heads + h / (H / heads))));
  };
  double sum = 0, weighted = 0;
  for (Index s = document_start.empty() ? 0 : document_start[size_t(b * T + t)]; s <= S - T + t;
       ++s) {
    const double p = std::exp(scale * (part(q.c, k.c, s) + part(q.r, k.r, s)));
    sum += p;
    weighted += p * double(v.view()((b * S + s) * v.dim(2) + h / (H / v.dim(2)), column));
  }
  return weighted / sum;
}

double worst(const Pair& q, const Pair& k, const Tensor& v,
             std::span<const std::int32_t> document_start) {
  const Tensor o = attention(q, k, v, real(0.3), document_start);
  double error = 0;
  for (Index b = 0; b < o.dim(0); ++b)
    for (Index t = 0; t < o.dim(1); ++t)
      for (Index h = 0; h < o.dim(2); ++h)
        for (Index j = 0; j < o.cols(); ++j)
          error = std::max(error, std::abs(double(o.view()((b * o.dim(1) + t) * o.dim(2) + h, j)) -
                                           plain(q, k, v, 0.3, document_start, b, t, h, j)));
  return error;
}

constexpr double kClose = sizeof(real) == 8 ? 1e-12 : 1e-5;

// Two documents in row 0 (from 0 and 2), one in row 1.
const std::int32_t kTwoDocuments[] = {0, 0, 2, 2, 2, 0, 0, 0, 0, 0};

}  // namespace

TEST(Attention, EqualsItsDefinitionAcrossTiles) {
  Rng rng(8);
  const Index B = 2, T = 300, H = 2;  // a tile of 256 keys and a rest
  const Pair q{Tensor::randn({B, T, H, 5}, rng), Tensor::randn({B, T, H, 4}, rng)};
  const Pair k{Tensor::randn({B, T, H, 5}, rng), Tensor::randn({B, T, 1, 4}, rng)};
  EXPECT_LT(worst(q, k, Tensor::randn({B, T, H, 3}, rng), {}), kClose);
}

TEST(Attention, EqualsItsDefinitionWithDocumentsLongerAndShorterThanATile) {
  Rng rng(9);
  const Index T = 400;
  std::vector<std::int32_t> document_start(size_t(T), 0);
  for (Index t = 90; t < T; ++t)
    document_start[size_t(t)] = t < 95 ? 90 : 95;  // the last exceeds a tile
  const Pair q{Tensor::randn({1, T, 2, 5}, rng), {}}, k{Tensor::randn({1, T, 2, 5}, rng), {}};
  EXPECT_LT(worst(q, k, Tensor::randn({1, T, 2, 3}, rng), document_start), kClose);
}

TEST(Attention, NewTokensSeeAllEarlierOnes) {
  Rng rng(10);
  const Pair q{{}, Tensor::randn({1, 3, 4, 6}, rng)}, k{{}, Tensor::randn({1, 70, 2, 6}, rng)};
  EXPECT_LT(worst(q, k, Tensor::randn({1, 70, 2, 6}, rng), {}), kClose);
}

TEST(Attention, GradientMatchesFiniteDifferencesAsMlaUsesIt) {  // shared rotary key; strided
  Rng rng(11);
  const Tensor q_c = strided({2, 5, 3, 4}, rng), q_r = strided({2, 5, 3, 2}, rng),
               k_c = strided({2, 5, 3, 4}, rng);
  const Tensor k_r = strided({2, 5, 1, 2}, rng), v = strided({2, 5, 3, 3}, rng),
               c = Tensor::randn({2, 5, 3, 3}, rng);
  const auto f = [&] {
    return dot(attention({q_c, q_r}, {k_c, k_r}, v, real(0.4), kTwoDocuments), c);
  };
  EXPECT_LT(max_gradient_error(f, {q_c, q_r, k_c, k_r, v}), gradient_tolerance());
}

TEST(Attention, GradientMatchesFiniteDifferencesWithGroupedHeadsAndEarlierTokens) {
  Rng rng(12);
  const Tensor q = Tensor::randn({2, 3, 4, 4}, rng), k = Tensor::randn({2, 5, 2, 4}, rng);
  const Tensor v = Tensor::randn({2, 5, 1, 3}, rng), c = Tensor::randn({2, 3, 4, 3}, rng);
  const auto f = [&] { return dot(attention({{}, q}, {{}, k}, v, real(0.4)), c); };
  EXPECT_LT(max_gradient_error(f, {q, k, v}), gradient_tolerance());
}

TEST(Attention, GradientMatchesFiniteDifferencesAcrossTiles) {
  Rng rng(13);
  const Index T = 150;  // a tile of 128 queries and a rest, four of 48 keys
  const Tensor q = Tensor::randn({1, T, 1, 2}, rng), k = Tensor::randn({1, T, 1, 2}, rng);
  const Tensor v = Tensor::randn({1, T, 1, 2}, rng), c = Tensor::randn({1, T, 1, 2}, rng);
  std::vector<std::int32_t> document_start(size_t(T), 0);
  for (Index t = 60; t < T; ++t) document_start[size_t(t)] = t < 66 ? 60 : 66;
  for (const std::span<const std::int32_t> mask :
       {std::span<const std::int32_t>(), std::span<const std::int32_t>(document_start)}) {
    const auto f = [&] { return dot(attention({q, {}}, {k, {}}, v, real(0.4), mask), c); };
    EXPECT_LT(max_gradient_error(f, {q, k, v}), gradient_tolerance());
  }
}

TEST(Attention, GivesTheSameBitsForAnyNumberOfThreads) {
  const auto run = [](int t) {
    set_threads(t);
    Rng rng(14);
    const Tensor q = Tensor::randn({2, 70, 4, 8}, rng), k = Tensor::randn({2, 70, 1, 8}, rng);
    Tape tape;
    const Tensor o = attention({q, {}}, {k, {}}, k, real(0.3));
    tape.backward(dot(o, o));
    return std::pair(o, k.grad());
  };
  const int before = threads();
  const auto [o1, dk1] = run(1);
  const auto [o3, dk3] = run(3);
  set_threads(before);
  EXPECT_TRUE(o1.view().vector() == o3.view().vector());
  EXPECT_TRUE(dk1.view().vector() == dk3.view().vector());
}

TEST(Attention, RefusesADocumentMaskThatGoesBack) {
  const Tensor x = Tensor::zeros({1, 3, 1, 4});
  const std::int32_t document_start[] = {0, 1, 0};
  EXPECT_ERROR(attention({x, {}}, {x, {}}, x, 1, document_start),
               "attention: the document mask of sequence 0 goes back: a token's first key must not "
               "come before that of "
               "the token before it");
}

TEST(Attention, NamesShapesThatDisagree) {
  EXPECT_ERROR(attention({Tensor::zeros({1, 2, 3, 4}), {}}, {Tensor::zeros({1, 2, 2, 4}), {}},
                         Tensor::zeros({1, 2, 3, 4}), 1),
               "attention: content parts q [1, 2, 3, 4] and k [1, 2, 2, 4] with v [1, 2, 3, 4] "
               "must agree in batch and "
               "width, k and v in tokens, and the heads of k must divide those of q");
}

TEST(AttentionTwins, AgreeAsMlaGqaAndAbsorbedDecodingUseThem) {
  struct Case {
    Index B, T, S, H, heads_c, heads_r, heads_v, content, rotary, value;
  };
  for (const Case& c :
       {Case{2, 70, 70, 2, 2, 1, 2, 5, 4, 3}, Case{1, 3, 9, 4, 2, 2, 2, 5, 3, 7},
        Case{1, 1, 600, 5, 1, 1, 1, 66, 5, 66}, Case{1, 40, 45, 4, 2, 1, 4, 5, 3, 7}}) {
    Rng rng(15);
    const auto part = [&](Index tokens, Index heads, Index width) {
      return Tensor::randn({c.B, tokens, heads, width}, rng);
    };
    expect_twins(
        [](const std::vector<Tensor>& x) {
          return std::vector<Tensor>{attention({x[0], x[1]}, {x[2], x[3]}, x[4], real(0.3))};
        },
        {part(c.T, c.H, c.content), part(c.T, c.H, c.rotary), part(c.S, c.heads_c, c.content),
         part(c.S, c.heads_r, c.rotary), part(c.S, c.heads_v, c.value)});
  }
}

// Absorbed decoding, values being the content of keys: few queries, keys in one span
// and in many, whole packs and not.
TEST(AttentionTwins, AgreeWhereAllHeadsShareALatent) {
  struct Case {
    Index B, T, S, H, content, rotary;
  };
  for (const Case& c : {Case{2, 1, 21, 5, 68, 8}, Case{1, 3, 200, 4, 100, 16},
                        Case{1, 1, 40, 16, 512, 64}, Case{1, 2, 70, 3, 5, 2}}) {
    Rng rng(18);
    const auto part = [&](Index tokens, Index heads, Index width) {
      return Tensor::randn({c.B, tokens, heads, width}, rng);
    };
    const auto op = [](const std::vector<Tensor>& x) {
      return std::vector<Tensor>{attention({x[0], x[1]}, {x[2], x[3]}, x[2], real(0.2))};
    };
    const std::vector<Tensor> inputs{part(c.T, c.H, c.content), part(c.T, c.H, c.rotary),
                                     part(c.S, 1, c.content), part(c.S, 1, c.rotary)};
    if (c.content <= 128) expect_twins(op, inputs);
    else expect_same_outputs(op, inputs);  // wider heads are decoded with, not trained
  }
}

// On the matrix units, which read rounded scores, keys and values: off by as much
// as rounding makes.
TEST(AttentionTwins, AgreeOnMatrixUnits) {
  if (sizeof(real) != sizeof(float)) GTEST_SKIP() << "matrix units work on float";
  struct Case {
    Index T, S, heads, content, rotary, value;
  };
  for (const Case& c :
       {Case{70, 75, 2, 12, 8, 20}, Case{12, 70, 1, 72, 32, 64}, Case{20, 20, 2, 132, 8, 68}})
    for (const auto& [format, tolerance] :
         {std::pair(Products::kTf32, 2e-3), {Products::kBf16, 1.5e-2}}) {
      Rng rng(17);
      const MultiplyIn how(format);
      const auto part = [&](Index tokens, Index heads, Index width) {
        return Tensor::randn({1, tokens, heads, width}, rng);
      };
      expect_twins(
          [&](const std::vector<Tensor>& x) {
            return std::vector<Tensor>{attention({x[0], x[1]}, {x[2], x[3]}, x[4],
                                                 1 / std::sqrt(real(c.content + c.rotary)))};
          },
          {part(c.T, 2, c.content), part(c.T, 2, c.rotary), part(c.S, c.heads, c.content),
           part(c.S, 1, c.rotary), part(c.S, c.heads, c.value)},
          tolerance);
    }
}

TEST(AttentionTwins, AgreeOnDocumentsLongerAndShorterThanATile) {
  Rng rng(16);
  const Index T = 150;
  std::vector<std::int32_t> document_start(size_t(T), 0);
  for (Index t = 60; t < T; ++t) document_start[size_t(t)] = t < 66 ? 60 : 66;
  const auto part = [&](Index width) { return Tensor::randn({1, T, 1, width}, rng); };
  expect_twins(
      [&](const std::vector<Tensor>& x) {
        return std::vector<Tensor>{
            attention({x[0], {}}, {x[1], {}}, x[2], real(0.4), document_start)};
      },
      {part(3), part(3), part(2)});
}

}  // namespace seekling
