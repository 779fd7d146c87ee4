// DeepSeek Sparse Attention. DeepSeek-V3.2 (arXiv:2512.02556) §2.1: MLA (attention/mla.cpp, whose
// equation numbers stand here) between a query and the index_topk keys that the indexer scores
// highest. Where a query sees no more keys than that, it is MLA to the bit.
//
// The choice has no derivative, so the language-model loss never reaches the indexer. It learns from
// a loss of its own (indexer_loss.cpp), and reads copies of x and c^Q, through which no gradient
// flows back: that loss trains the indexer and nothing else.
#include "sparse/sparse_mla.h"

#include <algorithm>

#include "core/check.h"
#include "core/parallel.h"
#include "nn/heads.h"
#include "sparse/index_scores.h"
#include "sparse/indexer_loss.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

// The same numbers without a way back for gradients.
Tensor detached(const Tensor& x) { return recording() ? x.clone() : x; }

void check_device(const Tensor& h) {
  check(h.device() == Device::kCpu,
        "DeepSeek-V3.2's sparse attention runs on the CPU only; use --device cpu");
}

// Positions as numbers, for an observer.
Tensor as_tensor(const std::vector<std::int32_t>& positions, Index B, Index T) {
  const Tensor x({B, T, Index(positions.size()) / (B * T)});
  std::copy(positions.begin(), positions.end(), x.data());
  return x;
}

}  // namespace

SparseMLA::SparseMLA(const Config& c) : MLA(c), indexer(c) {}

// Equations stand in columns.
// clang-format off
Tensor SparseMLA::query_latent(const Tensor& h) const {
  return q_a_layernorm(q_a_proj(h));                              // (37)          [B,T,q_lora_rank]
}

Pair SparseMLA::query_of(const Tensor& c_q, const Positions& at) const {
  const auto [q_c, q_r] = split_at(heads(q_b_proj(c_q), H), nope);  // (38)             [B,T,H,nope]
  return {q_c, rope(q_r, at, rotary)};                            // (39)               [B,T,H,rope]
}
// clang-format on

// Whole sequences.                                                           h, u [B,T,hidden_size]
Tensor SparseMLA::forward(const Tensor& h, const Context& context) const {
  check_device(h);
  // Queries and keys, as in MLA.
  const Tensor c_q = query_latent(h);
  const Pair q = query_of(c_q, 0);
  const auto [c_kv, k_r] = latent(h, 0);
  const auto [k_c, v_c] = keys_and_values(c_kv);
  const Pair k{k_c, k_r};
  observe(context, q, k);

  // The indexer scores all keys and chooses. In the dense stage it only learns.
  const Index B = h.dim(0), T = h.dim(1);
  const Context inside = context.at("indexer");
  const Tensor x = detached(h);
  const Indexer::Query i = indexer.query(detached(c_q), x, 0);
  const Tensor k_i = indexer.key(x, 0);
  const Tensor I = index_scores(i.q, k_i, i.w, indexer.scale);  // (1)      [B,T,T]
  Mask mask = context.mask;
  const auto best = best_keys(I, std::min(indexer.topk, T), mask.document_start);
  if (!context.dense_stage && T > indexer.topk) mask.chosen = key_sets(best, B * T, T);

  const Tensor u = o_proj(merge(attention(q, k, v_c, scale, mask)));  // (2)
  inside.observe("q", i.q), inside.observe("k", k_i), inside.observe("w", i.w);
  inside.observe("scores", I);
  if (context.observer) inside.observe("topk", as_tensor(best, B, T));
  if (context.indexer_loss) {
    const Tensor p = attention_distribution(q, k, scale, mask);
    const IndexerLoss loss = indexer_loss(I, p, mask);  // (3), (4)
    context.indexer_loss(loss.mean);
    inside.observe("target", p), inside.observe("kl", loss.each);
  }
  return u;
}

// New tokens, which follow those in the cache.       all [1,N,hidden_size], h and u [1,n,hidden_size]
Tensor SparseMLA::decode(const Tensor& all, LayerCache& cache) const {
  check_device(all);
  const Tensor h = cache.wanted(all), c_q = query_latent(h);
  const Positions at = cache.positions(h, rotary), at_all = cache.positions(all, rotary);
  const Pair q = query_of(c_q, at), fresh = latent(all, at_all);
  const Tensor k_i = indexer.key(all, at_all);
  if (decoding == Decoding::kNaive) {
    const auto [k_c, v_c] = keys_and_values(fresh.c);
    cache.append({k_c, fresh.r}, v_c, k_i);
  } else {
    cache.append(fresh, {}, k_i);
  }
  const std::vector<std::int32_t> best = best_in(cache, indexer.query(c_q, h, at));
  const bool prompt = cache.of_prompt() && decoding == Decoding::kAbsorbed &&
                      expanding_is_cheaper(h.dim(1), cache.tokens());
  if (prompt) return o_proj(merge(expanded(q, cache, best)));
  cache.choose(best);
  return o_proj(merge(decoding == Decoding::kNaive ? cache.attend(q, scale) : absorbed(q, cache)));
}

// The best keys of each wanted token, which follow those that it does not see in the order of the
// cache. Empty if no token sees more than it may choose: there is no choice then.
std::vector<std::int32_t> SparseMLA::best_in(const LayerCache& cache,
                                             const Indexer::Query& i) const {
  const Index n = i.q.dim(1), HI = indexer.HI;
  Index most = 0;
  for (Index t = 0; t < n; ++t) most = std::max(most, cache.tokens_seen(t));
  if (most <= indexer.topk) return {};
  const Tensor of_prompt = cache.of_prompt() ? cache.index_keys(n - 1) : Tensor();
  std::vector<std::int32_t> best(size_t(n * indexer.topk));
  parallel_for(n, 1, [&](Index t) {
    const Index S = cache.tokens_seen(t);
    const Tensor keys = cache.of_prompt() ? of_prompt.slice(0, S) : cache.index_keys(t);
    const Tensor I({1, 1, S});  // (1)
    score_keys(I.data(), keys, i.q.view().middle_rows(t * HI, HI), &i.w.view()(t, 0),
               indexer.scale);
    std::ranges::copy(best_keys(I, indexer.topk), best.begin() + t * indexer.topk);
  });
  return best;
}

// As MLA::expanded, each query among its keys.
Tensor SparseMLA::expanded(const Pair& q, const LayerCache& cache,
                           const std::vector<std::int32_t>& best) const {
  const auto [c_kv, k_r] = cache.keys();
  const auto [k_c, v_c] = keys_and_values(c_kv);
  Mask mask;
  if (!best.empty()) mask.chosen = key_sets(best, q.c.dim(1), cache.tokens());
  return attention(q, {k_c, k_r}, v_c, scale, mask);
}

CacheRow SparseMLA::cache_row() const {
  CacheRow row = MLA::cache_row();
  row.index = indexer.dI;
  return row;
}

std::unique_ptr<Attention> SparseMLA::pack(const Precision& precision) const {
  auto to = std::make_unique<SparseMLA>(*this);
  to->pack_own(precision);
  to->indexer = indexer.pack(precision.weights);
  return to;
}

WeightBytes SparseMLA::weight_bytes() const {
  WeightBytes sum = MLA::weight_bytes();
  sum += indexer.weight_bytes();
  return sum;
}

std::string SparseMLA::name() const { return "DSA"; }

double SparseMLA::flops(double context) const {
  const double scores = 2 * double(indexer.HI) * double(indexer.dI + 1) * context;
  return scores + MLA::flops(std::min(context, double(indexer.topk)));
}

void SparseMLA::parameters(const std::string& at, const Visitor& visit) const {
  MLA::parameters(at, visit);
  indexer.parameters(at + ".indexer", visit);
}

}  // namespace seekling
