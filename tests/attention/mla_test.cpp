#include "attention/mla.h"

#include <map>

#include "core/check.h"
#include "gradcheck.h"

namespace seekling {

namespace {

Config small(Index q_lora_rank) {
  Config c;
  c.hidden_size = 10, c.num_attention_heads = 3, c.q_lora_rank = q_lora_rank, c.kv_lora_rank = 5;
  c.qk_nope_head_dim = 4, c.qk_rope_head_dim = 6, c.v_head_dim = 3;
  return c;
}

std::vector<Tensor> parameters(const MLA& a) {
  std::vector<Tensor> all{a.kv_a_proj_with_mqa.weight, a.kv_a_layernorm.weight, a.kv_b_proj.weight,
                          a.o_proj.weight};
  for (const Tensor& t :
       {a.q_proj.weight, a.q_a_proj.weight, a.q_a_layernorm.weight, a.q_b_proj.weight})
    if (t.defined()) all.push_back(t);
  return all;
}

}  // namespace

TEST(MLA, GradientMatchesFiniteDifferencesWithAndWithoutQueryCompression) {
  for (Index q_lora_rank : {0, 7}) {
    Rng rng(30);
    const MLA mla(small(q_lora_rank));
    std::vector<Tensor> inputs = parameters(mla);
    randomise(inputs, rng);
    const Tensor h = Tensor::randn({2, 5, 10}, rng), c = Tensor::randn({2, 5, 10}, rng);
    inputs.push_back(h);
    const std::int32_t document_start[] = {0, 0, 2, 2, 2, 0, 0, 0, 0, 4};
    const Context context{.mask = {.document_start = document_start}};
    EXPECT_LT(max_gradient_error([&] { return dot(mla.forward(h, context), c); }, inputs),
              gradient_tolerance());
  }
}

TEST(MLA, DecodingFromTheLatentCacheEqualsTheWholeSequenceAtAnySplit) {
  Config config = small(7);
  config.rope_scaling = RopeScaling{
      .factor = 8, .original_max_position_embeddings = 64, .mscale = 0.7, .mscale_all_dim = 1};
  Rng rng(31);
  const MLA mla(config);
  randomise(parameters(mla), rng);
  const Tensor h = Tensor::randn({1, 9, 10}, rng), whole = mla.forward(h, {});
  for (Index split = 0; split < 9; ++split) {
    Cache cache(mla.cache_row(), 9);
    std::vector<Index> parts{split};
    for (Index t = split; t < 9; ++t) parts.push_back(1);
    Index done = 0;
    for (Index n : parts) {
      if (n == 0) continue;
      const Tensor u = mla.decode(h.reshape({9, 10}).slice(done, n).reshape({1, n, 10}), cache);
      const auto expected = whole.view().middle_rows(done, n).matrix();
      EXPECT_LT((u.view().matrix() - expected).cwiseAbs().maxCoeff(),
                sizeof(real) == 8 ? 1e-12 : 1e-4)
          << split << done;
      done += n;
    }
  }
}

TEST(MLA, TheCacheHoldsTheLatentAndOneRotaryKeyATokenAndNothingElse) {
  const MLA mla(small(0));
  EXPECT_EQ(mla.cache_row().elements(), 5 + 6);
}

TEST(MLA, AnObserverSeesQueriesAndKeysOfEachHead) {  // content, then the rotary part
  Rng rng(35);
  const MLA mla(small(7));
  randomise(parameters(mla), rng);
  const Tensor h = Tensor::randn({2, 5, 10}, rng);
  std::map<std::string, Tensor> seen;
  Context context;
  context.path = "self_attn";
  context.observer = [&](const std::string& name, const Tensor& x) { seen[name] = x; };
  mla.forward(h, context);
  ASSERT_EQ(seen.size(), 2U);
  const Tensor &q = seen.at("self_attn.q"), &k = seen.at("self_attn.k");
  EXPECT_EQ(k.shape(), (Shape{2, 5, 3, 4 + 6}));
  const Pair query = mla.query(h, 0), latent = mla.latent(h, 0);
  EXPECT_TRUE(q.view().matrix().leftCols(4) == query.c.view().matrix());
  EXPECT_TRUE(q.view().matrix().rightCols(6) == query.r.view().matrix());
  for (Index row = 0; row < 2 * 5 * 3; ++row)  // the heads share one
    EXPECT_TRUE(k.view().row(row).tail(6) == latent.r.view().row(row / 3)) << row;
  for (Index row = 0; row < 2 * 5; ++row) {  // k^C of head 2 = W^UK c^KV
    const auto c = latent.c.view().row(row).transpose();
    const auto W_UK = mla.kv_b_proj.weight.view().matrix().middleRows(2 * 7, 4);
    EXPECT_LT((W_UK * c - k.view().row(3 * row + 2).head(4).transpose()).cwiseAbs().maxCoeff(),
              1e-4);
  }
}

TEST(MLA, SaysWhenTheContextIsFull) {
  const MLA mla(small(0));
  Cache cache(mla.cache_row(), 2);
  EXPECT_ERROR(mla.decode(Tensor::zeros({1, 3, 10}), cache),
               "the context is full: it holds 2 tokens, and 3 are needed; generate fewer tokens or "
               "shorten the prompt");
}

}  // namespace seekling
