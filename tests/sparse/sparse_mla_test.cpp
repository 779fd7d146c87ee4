#include "sparse/sparse_mla.h"

#include <map>

#include "attention/paged_cache.h"
#include "core/check.h"
#include "gradcheck.h"
#include "sparse/indexer_loss.h"

namespace seekling {

namespace {

constexpr Index kD = 10, kT = 40;

Config small(Index topk) {
  Config c;
  c.model_type = "deepseek_v32";
  c.hidden_size = kD, c.num_attention_heads = 3, c.q_lora_rank = 7, c.kv_lora_rank = 5;
  c.qk_nope_head_dim = 4, c.qk_rope_head_dim = 6, c.v_head_dim = 3;
  c.index_n_heads = 2, c.index_head_dim = 8, c.index_topk = topk;
  return c;
}

std::map<std::string, Tensor> parameters(const Attention& a) {
  std::map<std::string, Tensor> all;
  a.parameters("a", [&](const std::string& name, const Tensor& p) { all[name] = p; });
  return all;
}

std::vector<Tensor> tensors(const Attention& a) {
  std::vector<Tensor> all;
  for (const auto& [name, p] : parameters(a)) all.push_back(p);
  return all;
}

Tensor rows(const Tensor& h, Index begin, Index n) {
  return h.reshape({h.dim(1), h.cols()}).slice(begin, n).reshape({1, n, h.cols()});
}

double difference(const Tensor& a, const auto& b) {
  return double((a.view().matrix() - b).cwiseAbs().maxCoeff());
}

double tolerance() { return sizeof(real) == 8 ? 1e-11 : 1e-4; }

}  // namespace

TEST(SparseMLA, IsMLAToTheBitWhereEveryKeyMayBeChosen) {
  Rng rng(1);
  const SparseMLA sparse(small(kT));
  randomise(tensors(sparse), rng);
  const MLA& dense = sparse;
  const Tensor h = Tensor::randn({2, kT, kD}, rng);
  EXPECT_TRUE(sparse.forward(h, {}).view().matrix() == dense.MLA::forward(h, {}).view().matrix());
}

TEST(SparseMLA, SeesNoKeyThatWasNotChosen) {
  Rng rng(2);
  const SparseMLA sparse(small(4));
  randomise(tensors(sparse), rng);
  const Tensor h = Tensor::randn({1, kT, kD}, rng);
  std::map<std::string, Tensor> seen;
  Context context;
  context.observer = [&](const std::string& name, const Tensor& x) { seen[name] = x; };
  context.indexer_loss = [](const Tensor&) {};
  const Tensor u = sparse.forward(h, context);
  EXPECT_GT(difference(u, sparse.MLA::forward(h, {}).view().matrix()), 1e-3);
  const View best = seen.at("indexer.topk"), p = seen.at("indexer.target");
  for (Index t = 0; t < kT; ++t) {
    Index positive = 0;
    for (Index s = 0; s < kT; ++s) positive += p(t, s) > 0;
    EXPECT_EQ(positive, std::min<Index>(t + 1, 4));
    for (Index i = 0; i < positive; ++i) EXPECT_GT(p(t, Index(best(t, i))), 0);
  }
}

// In steps of one token, in pieces, as parts of a prompt; from either cache, in either form.
TEST(SparseMLA, DecodingEqualsTheWholeSequence) {
  Rng rng(3);
  const SparseMLA sparse(small(6));
  randomise(tensors(sparse), rng);
  const Tensor h = Tensor::randn({1, kT, kD}, rng), whole = sparse.forward(h, {});
  for (const Decoding form : {Decoding::kAbsorbed, Decoding::kNaive})
    for (const bool of_prompt : {false, true})
      for (const Index piece : {1, 3, 17, 40}) {
        SparseMLA layer = sparse;
        layer.decoding = form;
        const CacheRow row = layer.cache_row();
        Cache cache(row, kT);
        Pages pages({segments_of(row)}, Format::kF32, Pages::needed(kT));
        Sequence sequence;
        for (Index begin = 0; begin < kT; begin += piece) {
          const Index n = std::min(piece, kT - begin);
          const auto expected = whole.view().middle_rows(begin, n).matrix();
          if (form == Decoding::kAbsorbed) {  // a contiguous cache is for latents
            EXPECT_LT(difference(layer.decode(rows(h, begin, n), cache), expected), tolerance());
          }
          pages.make_room(sequence, n);
          std::vector<TokenSlot> slots;
          for (Index t = 0; t < n; ++t) slots.push_back({&sequence, begin + t});
          sequence.length = begin + n;
          Step step(slots, pages, of_prompt, n);
          PagedCache paged(step, 0, row);
          EXPECT_LT(difference(layer.decode(rows(h, begin, n), paged), expected), tolerance())
              << piece << " tokens from " << begin;
        }
      }
}

TEST(SparseMLA, TheBitsOfATokenDoNotDependOnTheOthersOfItsStep) {
  Rng rng(4);
  const SparseMLA sparse(small(6));
  randomise(tensors(sparse), rng);
  const auto packed = sparse.pack({});
  const CacheRow row = packed->cache_row();
  const Tensor h = Tensor::randn({1, kT, kD}, rng);
  const auto last = [&](bool with_another) {
    Pages pages({segments_of(row)}, Format::kF32, 2 * Pages::needed(kT));
    Sequence mine, other;
    const auto run = [&](std::vector<TokenSlot> slots, const Tensor& x, bool prompt) {
      Step step(slots, pages, prompt, Index(slots.size()));
      PagedCache cache(step, 0, row);
      return packed->decode(x, cache);
    };
    const auto prompt = [&](Sequence& sequence, Index n) {
      pages.make_room(sequence, n);
      std::vector<TokenSlot> slots;
      for (Index t = 0; t < n; ++t) slots.push_back({&sequence, t});
      sequence.length = n;
      run(slots, rows(h, 0, n), true);
    };
    prompt(mine, kT - 1);
    if (with_another) prompt(other, 3);  // which still sees all of its tokens
    pages.make_room(mine, 1), ++mine.length;
    if (!with_another) return run({{&mine, kT - 1}}, rows(h, kT - 1, 1), false);
    pages.make_room(other, 1), ++other.length;
    return rows(run({{&other, 3}, {&mine, kT - 1}}, rows(h, kT - 2, 2), false), 1, 1);
  };
  EXPECT_TRUE(last(false).view().matrix() == last(true).view().matrix());
}

TEST(SparseMLA, GradientsOfTheOutputMatchFiniteDifferencesUnderTheChoice) {
  Rng rng(5);
  const SparseMLA sparse(small(3));
  randomise(tensors(sparse), rng);
  const Tensor h = Tensor::randn({1, 6, kD}, rng), c = Tensor::randn({1, 6, kD}, rng);
  std::vector<Tensor> inputs;  // of the attention: its steps do not change a choice
  for (const auto& [name, p] : parameters(sparse))
    if (name.find("indexer") == name.npos && name.find("q_a") == name.npos) inputs.push_back(p);
  EXPECT_LT(max_gradient_error([&] { return dot(sparse.forward(h, {}), c); }, inputs),
            gradient_tolerance());
}

// The dense stage's loss depends on the indexer alone, so finite differences see the whole of it.
TEST(SparseMLA, TheIndexersGradientsMatchFiniteDifferences) {
  Rng rng(6);
  const SparseMLA sparse(small(3));
  randomise(tensors(sparse), rng);
  const Tensor h = Tensor::randn({2, 6, kD}, rng);
  for (const bool dense : {true, false}) {
    std::vector<Tensor> inputs;
    for (const auto& [name, p] : parameters(sparse))
      if (name.find("indexer") != name.npos) inputs.push_back(p);
    ASSERT_EQ(inputs.size(), 5U);
    const auto loss = [&] {
      Tensor l;
      Context context;
      context.dense_stage = dense;
      context.indexer_loss = [&](const Tensor& of_layer) { l = of_layer; };
      sparse.forward(h, context);
      return l;
    };
    EXPECT_LT(max_gradient_error(loss, inputs), tolerance_at_kinks()) << dense;
  }
}

TEST(SparseMLA, EachLossTrainsItsOwnParameters) {
  Rng rng(7);
  const SparseMLA sparse(small(3));
  randomise(tensors(sparse), rng);
  const Tensor h = Tensor::randn({1, 9, kD}, rng), c = Tensor::randn({1, 9, kD}, rng);
  for (const bool of_indexer : {false, true}) {
    for (const auto& [name, p] : parameters(sparse)) p.clear_grad();
    h.clear_grad();
    Tape tape;
    Tensor loss;
    Context context;
    context.indexer_loss = [&](const Tensor& l) { loss = l; };
    const Tensor u = sparse.forward(h, context);
    tape.backward(of_indexer ? loss : dot(u, c));
    for (const auto& [name, p] : parameters(sparse))
      EXPECT_EQ(p.has_grad(), of_indexer == (name.find("indexer") != name.npos)) << name;
    EXPECT_EQ(h.has_grad(), !of_indexer);
  }
}

TEST(SparseMLA, TheCacheHoldsTheIndexersKeyToo) {
  EXPECT_EQ(SparseMLA(small(4)).cache_row().elements(), 5 + 6 + 8);
}

}  // namespace seekling
