#include "clean/quality.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/parallel.h"
#include "data/batches.h"
#include "repeats/words.h"
#include "system/file.h"

namespace seekling {

namespace {

constexpr std::size_t kWordsRead = 500;
constexpr Index kLongestNgram = 3;
constexpr double kFirstRate = 4;  // the second derivative of L along w is below |x|² / 4 = 1 / 4
constexpr double kUnit = 1e-3;    // of the weights in the file
constexpr const char* kKind = "seekling quality classifier";

double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

double in_units(double weight) { return std::round(weight / kUnit); }

double number_in(const nlohmann::json& value, const std::filesystem::path& path) {
  check(value.is_number_integer(), path.string(), ": found ", value.dump(),
        " among the weights, expected whole numbers, of thousandths");
  return value.get<double>() * kUnit;
}

}  // namespace

QualityFeatures quality_features(std::string_view text) {
  std::vector<std::uint64_t> words = word_hashes(text);
  words.resize(std::min(words.size(), kWordsRead));
  // The buckets of all n-grams, equal ones side by side
  std::vector<std::uint32_t> buckets;
  for (Index n = 1; n <= std::min(kLongestNgram, Index(words.size())); ++n)
    for (const std::uint64_t ngram : ngram_hashes(words, n))
      buckets.push_back(std::uint32_t(mixed(ngram + std::uint64_t(n)) % QualityModel::kBuckets));
  std::ranges::sort(buckets);
  // Their counts, and these as a vector of length 1
  QualityFeatures features;
  double squares = 0;
  for (std::size_t begin = 0, end = 0; begin < buckets.size(); begin = end) {
    while (end < buckets.size() && buckets[end] == buckets[begin]) ++end;
    features.push_back({buckets[begin], float(end - begin)});
    squares += double(features.back().x) * double(features.back().x);
  }
  for (QualityFeature& feature : features) feature.x /= float(std::sqrt(squares));
  return features;
}

double QualityModel::logit(std::span<const QualityFeature> features) const {
  double z = bias;
  for (const auto& [bucket, x] : features) z += weights[bucket] * double(x);
  return z;
}

double QualityModel::loss(std::span<const QualityFeature> features, bool good) const {
  const double z = good ? logit(features) : -logit(features);
  return z > 0 ? std::log1p(std::exp(-z)) : std::log1p(std::exp(z)) - z;  // e^|z| may be infinite
}

double QualityModel::score(std::string_view text) const {
  return sigmoid(logit(quality_features(text)));
}

void QualityModel::learn(std::span<const QualityFeature> features, bool good, double rate) {
  const double dz = sigmoid(logit(features)) - (good ? 1 : 0);
  for (const auto& [bucket, x] : features) weights[bucket] -= rate * dz * double(x);
  bias -= rate * dz;
}

void QualityExamples::add(std::span<const InputDocument> documents) {
  std::vector<std::uint64_t> hashes(documents.size());
  std::vector<QualityFeatures> features(documents.size());
  parallel_for(Index(documents.size()), 16, [&](Index i) {
    hashes[std::size_t(i)] = text_hash(documents[std::size_t(i)].text);
    features[std::size_t(i)] = quality_features(documents[std::size_t(i)].text);
  });
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (!features[i].empty()) texts.try_emplace(hashes[i], std::move(features[i]));
    if (texts.size() > most) texts.erase(std::prev(texts.end()));
  }
}

QualityExamples::Split QualityExamples::split() && {
  constexpr std::uint64_t kOneIn = 10;
  Split split;
  for (auto& [hash, features] : texts) {
    const bool apart = mixed(hash) % kOneIn == 0;
    (apart ? split.heldout : split.to_learn).push_back(std::move(features));
  }
  return split;
}

QualityModel train_quality(std::span<const QualityFeatures> good,
                           std::span<const QualityFeatures> bad, Index epochs, std::uint64_t seed) {
  check(!good.empty() && !bad.empty(), "found ", good.size(), " good and ", bad.size(),
        " bad texts to learn from, expected some of both");
  QualityModel model;
  const Index steps = epochs * Index(std::max(good.size(), bad.size()));
  const auto drawn = [&](std::span<const QualityFeatures> some, Index step) {
    const Index n = Index(some.size());
    return some[std::size_t(permuted(step % n, n, seed, std::uint64_t(step / n)))];
  };
  for (Index step = 0; step < steps; ++step) {
    const double rate = kFirstRate * (1 - double(step) / double(steps));
    model.learn(drawn(good, step), true, rate);
    model.learn(drawn(bad, step), false, rate);
  }
  return model;
}

std::string quality_json(const QualityModel& model) {
  std::vector<std::int64_t> weights;
  for (const double w : model.weights) weights.push_back(std::int64_t(in_units(w)));
  return nlohmann::ordered_json{
             {"kind", kKind}, {"bias", std::int64_t(in_units(model.bias))}, {"weights", weights}}
             .dump() +
         "\n";
}

QualityModel read_quality(const std::filesystem::path& path) {
  const auto json = parse_json(read_file(path), path.string());
  check(json.is_object() && json.contains("kind") && json.at("kind") == kKind &&
            json.contains("bias") && json.contains("weights") && json.at("weights").is_array(),
        path.string(), ": is no classifier of `data quality`");
  const auto& weights = json.at("weights");
  check(weights.size() == QualityModel::kBuckets, path.string(), ": found ", weights.size(),
        " weights, expected ", QualityModel::kBuckets);
  QualityModel model;
  for (std::size_t b = 0; b < weights.size(); ++b) model.weights[b] = number_in(weights[b], path);
  model.bias = number_in(json.at("bias"), path);
  return model;
}

}  // namespace seekling
