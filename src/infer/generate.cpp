// Generation. The prompt is read in chunks, then one token at a time: each step reads the latest token only, since all
// that attention needs of the earlier ones is in the cache.
#include "infer/generate.h"

#include <algorithm>

#include "core/check.h"

namespace seekling {

constexpr Index kPrefillChunk = 512;

Generator::Generator(const Transformer& transformer, Index capacity)
    : model(transformer),
      caches(transformer.make_caches(std::min(capacity, transformer.config.max_position_embeddings))) {}

void Generator::read(std::span<const std::int32_t> ids) {
  for (std::size_t begin = 0; begin < ids.size(); begin += kPrefillChunk) {
    const auto chunk = ids.subspan(begin, std::min<std::size_t>(kPrefillChunk, ids.size() - begin));
    const Tensor h = model.decode(chunk, caches);
    const Index T = h.dim(1), D = h.cols();
    if (begin + chunk.size() == ids.size()) last = model.logits(h.reshape({T, D}).slice(T - 1, 1));
  }
}

std::span<const real> Generator::logits() const {
  check(last.defined(), "generate: the prompt is empty, expected at least one token");
  return {last.data(), std::size_t(last.size())};
}

std::vector<std::int32_t> Generator::generate(Index max_tokens, const Sampling& sampling, std::int32_t eos,
                                              const std::function<bool(std::int32_t)>& each) {
  check_sampling(sampling);
  Rng rng(sampling.seed);
  std::vector<std::int32_t> ids;
  while (Index(ids.size()) < max_tokens) {
    const std::int32_t id = sample(logits(), sampling, rng);
    if (id == eos) break;
    ids.push_back(id);
    if (each && !each(id)) break;
    if (Index(ids.size()) < max_tokens) read(std::span(&id, 1));
  }
  return ids;
}

Index Generator::length() const { return caches.empty() ? 0 : caches[0].length; }

Index Generator::cache_elements() const {
  Index n = 0;
  for (const Cache& cache : caches) n += cache.elements_per_token();
  return n;
}

}  // namespace seekling
