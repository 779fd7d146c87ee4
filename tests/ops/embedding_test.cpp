#include "ops/embedding.h"

#include "core/check.h"
#include "gradcheck.h"
#include "twins.h"

namespace seekling {

TEST(Embedding, GradientMatchesFiniteDifferencesWhereIdsRepeat) {
  Rng rng(4);
  const std::int32_t ids[] = {1, 0, 1, 1, 4, 0};
  const Tensor table = Tensor::randn({5, 7}, rng), c = Tensor::randn({2, 3, 7}, rng);
  EXPECT_LT(max_gradient_error([&] { return dot(embedding(ids, table, 2, 3), c); }, {table}),
            gradient_tolerance());
}

TEST(Embedding, NamesAnIdOutsideTheVocabulary) {
  const std::int32_t ids[] = {5};
  EXPECT_ERROR(embedding(ids, Tensor::zeros({5, 2}), 1, 1),
               "embedding: token id 5 is outside the vocabulary of 5 (ids 0 to 4): tokenizer and "
               "model do not belong "
               "together");
}

TEST(EmbeddingTwins, AgreeWhereIdsRepeat) {
  Rng rng(62);
  std::vector<std::int32_t> ids(90);
  for (std::int32_t& id : ids) id = std::int32_t(rng.below(20));
  for (const Index D : {8, 7, 300}) {
    expect_twins(
        [&](const std::vector<Tensor>& in) {
          return std::vector<Tensor>{embedding(ids, in[0], 2, 45)};
        },
        {Tensor::randn({25, D}, rng)});
  }
}

}  // namespace seekling
