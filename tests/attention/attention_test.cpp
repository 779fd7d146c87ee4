#include "attention/attention.h"

#include <cmath>
#include <limits>

#include "core/check.h"
#include "core/parallel.h"
#include "core/products.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

namespace {

// The definition, one number at a time, in double.
double plain(const Pair& q, const Pair& k, const Tensor& v, double scale, const Mask& mask, Index b,
             Index t, Index h, Index column) {
  const Tensor& any = q.c.defined() ? q.c : q.r;
  const Index T = any.dim(1), H = any.dim(2), S = v.dim(1);
  const auto part = [&](const Tensor& a, const Tensor& c, Index s) {
    if (!a.defined()) return 0.0;
    const Index heads = c.dim(2);
    return double(
        a.view().row((b * T + t) * H + h).dot(c.view().row((b * S + s) * heads + h / (H / heads))));
  };
  double sum = mask.sink.defined() ? std::exp(double(mask.sink.data()[h])) : 0, weighted = 0;
  for (Index s = 0; s <= S - T + t; ++s) {
    if (!mask.document_start.empty() && s < mask.document_start[size_t(b * T + t)]) continue;
    if (mask.window > 0 && s <= S - T + t - mask.window) continue;
    const Index word = (b * T + t) * key_words(S) + s / 32;
    if (!mask.chosen.empty() && !(mask.chosen[word] >> (s % 32) & 1)) continue;
    const double p = std::exp(scale * (part(q.c, k.c, s) + part(q.r, k.r, s)));
    sum += p;
    weighted += p * double(v.view()((b * S + s) * v.dim(2) + h / (H / v.dim(2)), column));
  }
  return weighted / sum;
}

double worst(const Pair& q, const Pair& k, const Tensor& v, const Mask& mask) {
  const Tensor o = attention(q, k, v, real(0.3), mask);
  double error = 0;
  for (Index b = 0; b < o.dim(0); ++b)
    for (Index t = 0; t < o.dim(1); ++t)
      for (Index h = 0; h < o.dim(2); ++h)
        for (Index j = 0; j < o.cols(); ++j)
          error = std::max(error, std::abs(double(o.view()((b * o.dim(1) + t) * o.dim(2) + h, j)) -
                                           plain(q, k, v, 0.3, mask, b, t, h, j)));
  return error;
}

constexpr double kClose = sizeof(real) == 8 ? 1e-12 : 1e-5;

// Every third key and the token itself, which has the position `past` + t.
Ints every_third(Index B, Index T, Index S) {
  std::vector<std::int32_t> positions;
  for (Index b = 0; b < B; ++b)
    for (Index t = 0; t < T; ++t) {
      for (Index j = b; j < S; j += 3) positions.push_back(std::int32_t(j));
      if ((S - b) % 3 == 0) positions.push_back(-1);  // rows of one length
      positions.push_back(std::int32_t(S - T + t));
    }
  return key_sets(positions, B * T, S);
}

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
  EXPECT_LT(worst(q, k, Tensor::randn({1, T, 2, 3}, rng), {.document_start = document_start}),
            kClose);
}

TEST(Attention, EqualsItsDefinitionWithAWindow) {
  Rng rng(20);
  const Index T = 400;
  std::vector<std::int32_t> document_start(size_t(T), 0);
  for (Index t = 90; t < T; ++t) document_start[size_t(t)] = t < 95 ? 90 : 95;
  const Pair q{Tensor::randn({1, T, 2, 5}, rng), {}}, k{Tensor::randn({1, T, 1, 5}, rng), {}};
  const Tensor v = Tensor::randn({1, T, 1, 3}, rng);
  for (const Index window : {1, 2, 70, 399, 1000})
    for (const Mask& mask :
         {Mask{.window = window}, Mask{.document_start = document_start, .window = window}})
      EXPECT_LT(worst(q, k, v, mask), kClose) << window;
  const Pair last{q.c.reshape({T, 10}).slice(T - 3, 3).reshape({1, 3, 2, 5}), {}};
  EXPECT_LT(worst(last, k, v, {.window = 5}), kClose);  // after earlier tokens
  EXPECT_LT(worst(last, k, v, {.window = 300}), kClose);
}

TEST(Attention, EqualsItsDefinitionWithASink) {
  Rng rng(21);
  const Index T = 300;
  const Pair q{Tensor::randn({2, T, 2, 5}, rng), {}}, k{Tensor::randn({2, T, 2, 5}, rng), {}};
  const real sink[] = {real(-0.5), 3};
  const Mask mask{.window = 100, .sink = Tensor::of({2}, sink)};
  EXPECT_LT(worst(q, k, Tensor::randn({2, T, 2, 3}, rng), mask), kClose);
}

TEST(Attention, EqualsItsDefinitionWithChosenKeys) {
  Rng rng(26);
  const Index T = 300;
  const Pair q{Tensor::randn({1, T, 2, 5}, rng), {}}, k{Tensor::randn({1, T, 2, 5}, rng), {}};
  const Tensor v = Tensor::randn({1, T, 2, 3}, rng);
  EXPECT_LT(worst(q, k, v, {.chosen = every_third(1, T, T)}), kClose);
  EXPECT_LT(worst(q, k, v, {.window = 50, .chosen = every_third(1, T, T)}), kClose);
}

TEST(Attention, ASinkTakesItsShareOfTheWeights) {  // score 0, sink ln 3: weights 1/4 and 3/4
  const Tensor x = Tensor::zeros({1, 1, 1, 2}), v = Tensor::of({1, 1, 1, 1}, std::vector<real>{8});
  const Tensor sink = Tensor::of({1}, std::vector<real>{std::log(real(3))});
  EXPECT_NEAR(attention({x, {}}, {x, {}}, v, 1, {.sink = sink}).item(), 2, 1e-5);
}

// What a kind of attention pays for a mask that masks nothing: no bit.
TEST(Attention, AMaskThatLeavesAllKeysChangesNoBit) {
  Rng rng(22);
  const Index T = 300;
  const Tensor q = Tensor::randn({1, T, 2, 8}, rng), k = Tensor::randn({1, T, 1, 8}, rng);
  const auto run = [&](const Mask& mask) {
    Tape tape;
    for (const Tensor& x : {q, k}) x.clear_grad();
    const Tensor o = attention({q, {}}, {k, {}}, k, real(0.3), mask);
    tape.backward(dot(o, o));
    std::vector<real> bits(o.data(), o.data() + o.size());
    for (const Tensor& x : {q, k})
      bits.insert(bits.end(), x.grad().data(), x.grad().data() + x.size());
    return bits;
  };
  const Tensor nothing = Tensor::zeros({2});
  nothing.view().matrix().setConstant(-std::numeric_limits<real>::infinity());
  const std::vector<real> plain = run({});
  EXPECT_EQ(run({.window = T}), plain);
  EXPECT_EQ(run({.sink = nothing}), plain);
  EXPECT_EQ(run({.chosen = Ints(std::vector<std::int32_t>(std::size_t(T * key_words(T)), -1))}),
            plain);
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
    return dot(attention({q_c, q_r}, {k_c, k_r}, v, real(0.4), {.document_start = kTwoDocuments}),
               c);
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

// As DeepSeek-V4 uses them: keys of one head, a window, and a sink of each query head.
TEST(Attention, GradientMatchesFiniteDifferencesWithASink) {
  Rng rng(23);
  const Tensor q = strided({2, 5, 3, 4}, rng), k = strided({2, 5, 1, 4}, rng),
               sink = Tensor::randn({3}, rng), c = Tensor::randn({2, 5, 3, 4}, rng);
  for (const Mask& mask : {Mask{.sink = sink}, Mask{.window = 3, .sink = sink},
                           Mask{.document_start = kTwoDocuments, .window = 2, .sink = sink}}) {
    const auto f = [&] { return dot(attention({q, {}}, {k, {}}, k, real(0.4), mask), c); };
    EXPECT_LT(max_gradient_error(f, {q, k, sink}), gradient_tolerance()) << mask.window;
  }
}

// As DeepSeek-V3.2 uses them: the heads of MLA share a choice.
TEST(Attention, GradientMatchesFiniteDifferencesWithChosenKeys) {
  Rng rng(27);
  const Tensor q = strided({2, 7, 2, 4}, rng), q_r = strided({2, 7, 2, 2}, rng),
               k = strided({2, 7, 2, 4}, rng), k_r = strided({2, 7, 1, 2}, rng),
               c = Tensor::randn({2, 7, 2, 4}, rng);
  const Mask mask{.chosen = every_third(2, 7, 7)};
  const auto f = [&] { return dot(attention({q, q_r}, {k, k_r}, k, real(0.4), mask), c); };
  EXPECT_LT(max_gradient_error(f, {q, q_r, k, k_r}), gradient_tolerance());
}

TEST(Attention, GradientMatchesFiniteDifferencesWithAWindowAndEarlierTokens) {
  Rng rng(24);
  const Tensor q = Tensor::randn({1, 3, 2, 4}, rng), k = Tensor::randn({1, 60, 2, 4}, rng),
               c = Tensor::randn({1, 3, 2, 4}, rng), sink = Tensor::randn({2}, rng);
  const Mask mask{.window = 4, .sink = sink};
  const auto f = [&] { return dot(attention({{}, q}, {{}, k}, k, real(0.4), mask), c); };
  EXPECT_LT(max_gradient_error(f, {q, k, sink}), gradient_tolerance());
}

TEST(Attention, GradientMatchesFiniteDifferencesAcrossTiles) {
  Rng rng(13);
  const Index T = 150;  // a tile of 128 queries and a rest, four of 48 keys
  const Tensor q = Tensor::randn({1, T, 1, 2}, rng), k = Tensor::randn({1, T, 1, 2}, rng);
  const Tensor v = Tensor::randn({1, T, 1, 2}, rng), c = Tensor::randn({1, T, 1, 2}, rng);
  std::vector<std::int32_t> document_start(size_t(T), 0);
  for (Index t = 60; t < T; ++t) document_start[size_t(t)] = t < 66 ? 60 : 66;
  for (const Mask& mask : {Mask{}, Mask{.document_start = document_start}, Mask{.window = 40},
                           Mask{.document_start = document_start, .window = 40}}) {
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
  EXPECT_ERROR(attention({x, {}}, {x, {}}, x, 1, {.document_start = document_start}),
               "attention: the document mask of sequence 0 decreases: a token's first key must not "
               "come before the previous token's first key");
}

TEST(Attention, RefusesKeysThatAreNotThere) {
  const std::int32_t positions[] = {0, 1, 2, 5};
  EXPECT_ERROR(key_sets(positions, 2, 5), "key_sets: found position 5 among 5 keys");
  EXPECT_ERROR(key_sets(positions, 3, 6),
               "key_sets: 4 positions are not a row for each of 3 tokens");
  const Tensor x = Tensor::zeros({1, 3, 1, 4});
  EXPECT_ERROR(attention({x, {}}, {x, {}}, x, 1, {.chosen = key_sets(positions, 2, 6)}),
               "attention: the chosen keys have 2 words, expected 1 for each of 3 tokens");
}

TEST(Attention, NamesShapesThatDisagree) {
  const Tensor x = Tensor::zeros({1, 3, 2, 4});
  EXPECT_ERROR(attention({x, {}}, {x, {}}, x, 1, {.sink = Tensor::zeros({3})}),
               "attention: the sink [3] must have a logit for each of the 2 heads");
  EXPECT_ERROR(attention({x, {}}, {x, {}}, x, 1, {.window = -1}),
               "attention: the window is -1 keys, expected at least 1, or 0 for all");
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
            attention({x[0], {}}, {x[1], {}}, x[2], real(0.4), {.document_start = document_start})};
      },
      {part(3), part(3), part(2)});
}

// One key head for all, as DeepSeek-V4 has it, keys in one span and in many; and two key heads.
TEST(AttentionTwins, AgreeOnAWindowAndASink) {
  struct Case {
    Index B, T, S, H, heads, width, window;
  };
  for (const Case& c : {Case{2, 70, 70, 4, 1, 6, 9}, Case{1, 150, 150, 2, 2, 5, 40},
                        Case{1, 1, 600, 4, 1, 8, 300}, Case{1, 3, 600, 4, 2, 6, 0}}) {
    Rng rng(25);
    const auto part = [&](Index tokens, Index heads) {
      return Tensor::randn({c.B, tokens, heads, c.width}, rng);
    };
    expect_twins(
        [&](const std::vector<Tensor>& x) {
          const Mask mask{.window = c.window, .sink = x[2]};
          return std::vector<Tensor>{attention({x[0], {}}, {x[1], {}}, x[1], real(0.3), mask)};
        },
        {part(c.T, c.H), part(c.S, c.heads), Tensor::randn({c.H}, rng)});
  }
}

TEST(AttentionTwins, AgreeOnChosenKeys) {
  Rng rng(28);
  const Index B = 2, T = 70, H = 4;
  const Ints chosen = every_third(B, T, T);
  const auto part = [&](Index heads) { return Tensor::randn({B, T, heads, 8}, rng); };
  for (const Index heads : {1, 2}) {
    expect_twins(
        [&](const std::vector<Tensor>& x) {
          const Mask mask{.chosen = Ints(chosen.values(), x[0].device())};
          return std::vector<Tensor>{attention({x[0], {}}, {x[1], {}}, x[1], real(0.3), mask)};
        },
        {part(H), part(heads)});
  }
}

}  // namespace seekling
