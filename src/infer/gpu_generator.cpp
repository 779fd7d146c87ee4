#include "infer/gpu_generator.h"

#include "core/check.h"

namespace seekling {

GpuGenerator::GpuGenerator(const Transformer& m, Index room)
    : model(m), capacity(std::min(room, m.config.max_position_embeddings)), caches(m.make_caches(capacity)) {}

void GpuGenerator::read(std::span<const std::int32_t> ids) {
  for (std::size_t begin = 0; begin < ids.size(); begin += kPrefillChunk) {
    const auto chunk = ids.subspan(begin, std::min<std::size_t>(kPrefillChunk, ids.size() - begin));
    const Tensor h = model.decode(chunk, caches);  // [1,T,hidden_size]
    if (begin + chunk.size() < ids.size()) continue;
    const Tensor rows = h.reshape({h.dim(1), h.cols()});
    last = model.logits(rows.slice(h.dim(1) - 1, 1)).to(Device::kCpu);
  }
  history.resize(std::size_t(length()) - ids.size());  // without a token that was chosen and not read
  history.insert(history.end(), ids.begin(), ids.end());
}

std::span<const real> GpuGenerator::logits() const {
  check(last.defined(), "generate: the prompt is empty, expected at least one token");
  return {last.data(), std::size_t(last.size())};
}

std::vector<std::int32_t> GpuGenerator::generate(Index max_tokens, const Sampling& sampling, std::int32_t eos,
                                                 const Each& each) {
  return seekling::generate(
      max_tokens, sampling, eos, each, history, [&] { return logits(); },
      [&](std::int32_t id) { last = model.logits(model.decode(std::span(&id, 1), caches)).to(Device::kCpu); });
}

Index GpuGenerator::cache_bytes_per_token() const {
  Index n = 0;
  for (const Cache& cache : caches) n += cache.elements_per_token();
  return n * Index(sizeof(real));
}

}  // namespace seekling
