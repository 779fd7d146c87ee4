#include "clean/quality.h"

#include <cmath>

#include "clean/clean.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "refusal.h"
#include "scratch_test.h"
#include "stream/document.h"

namespace seekling {

namespace {

// Sentences of words that both kinds use, and now and then of phrases that one kind uses more
// often. `japanese`: of characters without blanks between them.
std::string example(bool good, bool japanese, Rng& rng) {
  static constexpr const char* kPhrases[2][2][4] = {
      {{"buy now and save", "click here for more", "limited offer today", "best price online"},
       {"今すぐ購入", "詳しくはこちら", "期間限定", "最安値"}},
      {{"it follows that the", "as was shown by", "in the third century", "the author argues"},
       {"したがって", "によれば", "三世紀に", "著者は述べ"}}};
  std::string text;
  for (Index n = 40 + rng.below(120); n > 0; --n) {
    if (japanese) {
      const char32_t c = 0x4E00 + char32_t(1500 * rng.uniform() * rng.uniform());
      text += {char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 0x3F)), char(0x80 | (c & 0x3F))};
    } else {
      text += "w" + std::to_string(Index(3000 * rng.uniform() * rng.uniform())) + " ";
    }
    if (rng.uniform() > 0.06) continue;
    const bool own = rng.uniform() < 0.9;  // the other kind's, now and then
    text += kPhrases[good == own][japanese][rng.below(4)];
    if (!japanese) text += " ";
  }
  return text;
}

std::vector<InputDocument> examples(bool good, int n, std::uint64_t seed) {
  Rng rng(seed, std::uint64_t(good));
  std::vector<InputDocument> all;
  for (int i = 0; i < n; ++i)
    all.push_back(document(example(good, i % 2 == 0, rng), std::to_string(i)));
  return all;
}

QualityExamples::Split learned(bool good, int n) {
  QualityExamples some(std::size_t(n) * 2);
  some.add(examples(good, n, /*seed=*/1));
  return std::move(some).split();
}

const QualityModel& model() {
  static const QualityModel model =
      train_quality(learned(true, 1500).to_learn, learned(false, 700).to_learn, 5, 1);
  return model;
}

}  // namespace

class QualityTest : public ScratchTest {};

TEST_F(QualityTest, FeaturesAreCountsOfNgramsWithLengthOne) {
  const auto features = quality_features("a b a b");  // a 2, b 2; ab 2, ba; aba, bab
  std::vector<float> x;
  for (const QualityFeature& f : features) x.push_back(f.x);
  std::ranges::sort(x);
  ASSERT_EQ(x.size(), 6u);
  const float once = 1 / std::sqrt(3.f + 3 * 4);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(x[i], (i < 3 ? 1 : 2) * once);
  EXPECT_EQ(quality_features("猫がいる").size(), 4u + 3 + 2);
  EXPECT_TRUE(quality_features(" -- ").empty());
}

TEST_F(QualityTest, AStepFollowsTheGradientOfTheLoss) {
  Rng rng(3);
  const auto features = quality_features("one two three two one");
  QualityModel model;
  for (const auto& [bucket, x] : features) model.weights[bucket] = rng.normal();
  model.bias = rng.normal();
  for (const bool good : {true, false}) {
    constexpr double kRate = 0.5, kStep = 1e-5;
    QualityModel after = model;
    after.learn(features, good, kRate);
    const auto slope = [&](double& parameter) {
      const double before = parameter;
      parameter = before + kStep;
      const double above = model.loss(features, good);
      parameter = before - kStep;
      const double below = model.loss(features, good);
      parameter = before;
      return (above - below) / (2 * kStep);
    };
    for (const auto& [bucket, x] : features)
      EXPECT_NEAR((model.weights[bucket] - after.weights[bucket]) / kRate,
                  slope(model.weights[bucket]), 1e-9);
    EXPECT_NEAR((model.bias - after.bias) / kRate, slope(model.bias), 1e-9);
  }
}

TEST_F(QualityTest, TheLossIsFiniteFarFromTheBorder) {
  QualityModel model;
  model.bias = 2000;
  EXPECT_EQ(model.loss({}, true), 0);
  EXPECT_EQ(model.loss({}, false), 2000);
}

// In English and in Japanese; a tenth of the phrases in a text are those of the other kind.
TEST_F(QualityTest, ItTellsTextsApartThatItHasNotSeen) {
  for (const int language : {0, 1}) {
    int kept[2] = {}, all = 0;
    const auto good = examples(true, 1000, /*seed=*/2), bad = examples(false, 1000, /*seed=*/2);
    for (std::size_t i = std::size_t(language); i < good.size(); i += 2, ++all) {
      kept[1] += model().score(good[i].text) >= 0.5;
      kept[0] += model().score(bad[i].text) >= 0.5;
    }
    const double precision = double(kept[1]) / double(kept[0] + kept[1]),
                 recall = double(kept[1]) / double(all);
    EXPECT_GE(precision, 0.95) << language;
    EXPECT_GE(recall, 0.95) << language;
  }
}

TEST_F(QualityTest, AnyNumberOfThreadsAndAnyOrderOfTextsLearnTheSameBits) {
  const auto trained = [](int n_threads, bool backwards) {
    const int before = threads();
    set_threads(n_threads);
    std::vector<QualityFeatures> parts[2];
    for (const bool good : {false, true}) {
      auto texts = examples(good, 300, 1);
      if (backwards) std::ranges::reverse(texts);
      QualityExamples some(200);  // fewer than there are
      some.add(texts);
      parts[good] = std::move(some).split().to_learn;
    }
    set_threads(before);
    return quality_json(train_quality(parts[1], parts[0], 3, 1));
  };
  const std::string one = trained(1, false);
  EXPECT_EQ(one, trained(2, false));
  EXPECT_EQ(one, trained(2, true));
}

TEST_F(QualityTest, ExamplesAreBoundedAndCopiesCountOnce) {
  QualityExamples some(50);
  for (int i = 0; i < 3; ++i) some.add(examples(true, 40, 1));
  const auto split = std::move(some).split();
  EXPECT_EQ(split.to_learn.size() + split.heldout.size(), 40u);
  QualityExamples fewer(10);
  fewer.add(examples(true, 40, 1));
  const auto bounded = std::move(fewer).split();
  EXPECT_EQ(bounded.to_learn.size() + bounded.heldout.size(), 10u);
}

TEST_F(QualityTest, AFileHoldsTheModelToAThousandth) {
  const QualityModel read = read_quality(file("q.json", quality_json(model())));
  double largest = std::abs(read.bias - model().bias);
  for (std::size_t b = 0; b < read.weights.size(); ++b)
    largest = std::max(largest, std::abs(read.weights[b] - model().weights[b]));
  EXPECT_LE(largest, 5.001e-4);
  EXPECT_GT(largest, 0);
}

TEST_F(QualityTest, AFileThatIsNoModelIsRefused) {
  const auto refused = [&](const std::string& contents) {
    return without_dir(refusal([&] { read_quality(file("q.json", contents)); }));
  };
  const std::string whole = quality_json(model());
  EXPECT_EQ(refused("{}"), "q.json: is no classifier of `data quality`");
  EXPECT_EQ(refused("[1]"), "q.json: is no classifier of `data quality`");
  EXPECT_TRUE(refused(whole.substr(0, whole.size() / 2)).starts_with("q.json: is not JSON"))
      << refused(whole.substr(0, whole.size() / 2));
  const std::string begin = "{\"kind\":\"seekling quality classifier\",\"bias\":0,\"weights\":";
  EXPECT_EQ(refused(begin + "[1,2]}"), "q.json: found 2 weights, expected 262144");
  std::string other = whole;
  other.replace(other.find("\"weights\":[") + 11, 1, "0.5,");
  other.erase(other.rfind(','), other.rfind(']') - other.rfind(','));
  EXPECT_EQ(refused(other),
            "q.json: found 0.5 among the weights, expected whole numbers, of thousandths");
  EXPECT_EQ(without_dir(refusal([&] { read_quality(dir / "none.json"); })).find("none.json: "), 0u);
}

TEST_F(QualityTest, CleanDropsWhatScoresBelowTheThreshold) {
  std::vector<InputDocument> documents = examples(true, 50, 3);
  const auto bad = examples(false, 50, 3);
  documents.insert(documents.end(), bad.begin(), bad.end());
  const auto kept_with = [&](const std::string& rules) {
    CleanOutput out({.folder = dir / "out"});
    out.come_in(documents);
    Clean clean({.filters = file("f.json", rules), .quality = model()}, {}, out);
    return clean.clean(documents).size();
  };
  EXPECT_NEAR(double(kept_with("{\"quality_min_score\": 0.5}")), 50, 5);
  EXPECT_EQ(kept_with("{\"quality_min_score\": 0}"), 100u);
  EXPECT_EQ(kept_with("{\"quality_min_score\": 1.1}"), 0u);
  EXPECT_EQ(without_dir(refusal([&] { kept_with("{\"quality_min_score\": null}"); })),
            "f.json: has no number for quality_min_score, which --quality needs");
}

}  // namespace seekling
