#include "attention/gqa.h"

#include "gradcheck.h"

namespace seekling {

namespace {

GQA make(Index key_heads, Rng& rng) {
  Config c;
  c.hidden_size = 7, c.num_attention_heads = 4, c.num_key_value_heads = key_heads, c.head_dim = 6,
  c.attention = "gqa";
  GQA gqa(c);
  for (const Linear* l : {&gqa.q_proj, &gqa.k_proj, &gqa.v_proj, &gqa.o_proj})
    for (Index i = 0; i < l->weight.size(); ++i) l->weight.data()[i] = real(0.5 * rng.normal());
  return gqa;
}

}  // namespace

TEST(GQA, GradientMatchesFiniteDifferencesAsMhaGqaAndMqa) {
  for (Index key_heads : {4, 2, 1}) {
    Rng rng(32);
    const GQA gqa = make(key_heads, rng);
    const Tensor h = Tensor::randn({2, 3, 7}, rng), c = Tensor::randn({2, 3, 7}, rng);
    const std::vector<Tensor> inputs{h, gqa.q_proj.weight, gqa.k_proj.weight, gqa.v_proj.weight,
                                     gqa.o_proj.weight};
    EXPECT_LT(max_gradient_error([&] { return dot(gqa.forward(h, {}), c); }, inputs),
              gradient_tolerance());
  }
}

TEST(GQA, DecodingTokenByTokenEqualsTheWholeSequence) {
  Rng rng(33);
  const GQA gqa = make(2, rng);
  const Tensor h = Tensor::randn({1, 6, 7}, rng), whole = gqa.forward(h, {});
  Cache cache(gqa.cache_row(), 6);
  EXPECT_EQ(gqa.cache_row().elements(), 2 * 2 * 6);
  for (Index t = 0; t < 6; ++t) {
    const Tensor u = gqa.decode(h.reshape({6, 7}).slice(t, 1).reshape({1, 1, 7}), cache);
    EXPECT_LT((u.view().row(0) - whole.view().row(t)).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(GQA, AnObserverSeesQueriesAndKeys) {
  Rng rng(36);
  const GQA gqa = make(2, rng);
  std::vector<Shape> seen;
  Context context;
  context.observer = [&](const std::string&, const Tensor& x) { seen.push_back(x.shape()); };
  gqa.forward(Tensor::randn({1, 3, 7}, rng), context);
  EXPECT_EQ(seen, (std::vector<Shape>{{1, 3, 4, 6}, {1, 3, 2, 6}}));
}

TEST(GQA, HasTheNameThatItsNumberOfKeyHeadsGives) {
  Rng rng(34);
  EXPECT_EQ(make(4, rng).name(), "MHA");
  EXPECT_EQ(make(2, rng).name(), "GQA");
  EXPECT_EQ(make(1, rng).name(), "MQA");
}

}  // namespace seekling
