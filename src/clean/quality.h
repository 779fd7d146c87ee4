// How much a text resembles good examples rather than bad ones: a linear classifier of n-grams, of
// fastText's kind (Joulin et al. 2016, arXiv:1607.01759). GPT-3's filter was one (Brown et al. 2020,
// arXiv:2005.14165, appendix A), and DeepSeekMath found mathematics on the web with fastText
// (arXiv:2402.03300, §2.1). "Good" is what the good examples are like, and nothing more.
//
// A text is the set of its n-grams of one to three words (words.h, so in Japanese of characters),
// each hashed to one of 2^18 buckets. With c_b n-grams in bucket b
//   x_b = c_b / |c|                                                  (of length 1)
//   z = w · x + w_0        P(good) = σ(z) = 1 / (1 + e^(-z))         (the score)
//   L = log(1 + e^(-z)) for a good text, log(1 + e^z) for a bad one
//   ∂L/∂z = σ(z) - t       ∂L/∂w_b = (σ(z) - t) x_b                  (t: 1 for good, 0 for bad)
// fastText has a vector for each bucket, their mean, and a matrix from it to the classes. With two
// classes this is one number for each bucket as well: the product of the two is what w is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/real.h"
#include "stream/document_reader.h"

namespace seekling {

struct QualityFeature {
  std::uint32_t bucket;
  float x;
};
using QualityFeatures = std::vector<QualityFeature>;  // by bucket; none for a text without words

// Of the first 500 words of the text.
QualityFeatures quality_features(std::string_view text);

struct QualityModel {
  static constexpr std::size_t kBuckets = std::size_t(1) << 18;

  std::vector<double> weights = std::vector<double>(kBuckets);
  double bias = 0;

  double logit(std::span<const QualityFeature> features) const;  // z
  double loss(std::span<const QualityFeature> features, bool good) const;
  double score(std::string_view text) const;                                     // σ(z)
  void learn(std::span<const QualityFeature> features, bool good, double rate);  // a step of SGD
};

// Examples of one kind, in bounded memory: of more texts than `most` those with the smallest
// hashes, which is a random choice that does not depend on the order of the input. Copies count
// once.
class QualityExamples {
 public:
  explicit QualityExamples(std::size_t the_most) : most(the_most) {}

  void add(std::span<const InputDocument> documents);

  struct Split {
    std::vector<QualityFeatures> to_learn, heldout;  // a tenth, by the hash
  };
  Split split() &&;

 private:
  std::size_t most;
  std::map<std::uint64_t, QualityFeatures> texts;  // by text_hash
};

// Good and bad examples in turn, the fewer ones more often, at a rate that falls to 0. One thread:
// a step reads what the step before has written.
QualityModel train_quality(std::span<const QualityFeatures> good,
                           std::span<const QualityFeatures> bad, Index epochs, std::uint64_t seed);

// JSON, with the weights in thousandths. Error for a file that is no such model.
std::string quality_json(const QualityModel& model);
QualityModel read_quality(const std::filesystem::path& path);

}  // namespace seekling
