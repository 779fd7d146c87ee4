#include "infer/gpu_generator.h"

#include "core/check.h"
#include "ops/embedding.h"

namespace seekling {

GpuGenerator::GpuGenerator(const Transformer& m, Index room)
    : model(m), capacity(std::min(room, m.config.max_position_embeddings)),
      caches(m.make_caches(capacity)) {}

void GpuGenerator::read(std::span<const std::int32_t> ids) {
  if (ids.size() == 1) step(ids[0]);
  else read_together(ids);
  history.resize(std::size_t(length()) - ids.size());  // without a token not yet read
  history.insert(history.end(), ids.begin(), ids.end());
}

void GpuGenerator::read_together(std::span<const std::int32_t> ids) {
  for_each_chunk(ids, [&](std::span<const std::int32_t> chunk, bool ends) {
    const Tensor h = model.decode(chunk, caches);  // [1,T,hidden_size]
    if (!ends) return;
    const Tensor rows = h.reshape({h.dim(1), h.cols()});
    last = model.logits(rows.slice(h.dim(1) - 1, 1)).to(Device::kCpu);
  });
  one_token.reset();  // the captured position is stale now
  steps = 0;
}

// The first step launches its kernels one by one, which loads them. The second is captured, and
// later steps replay it.
void GpuGenerator::step(std::int32_t id) {
  Cache::check_room(capacity, length() + 1);
  const Tensor h = embedding(std::span(&id, 1), model.embed_tokens, 1, 1);
  if (steps++ == 0) {
    last = model.logits(model.decode(h, caches)).to(Device::kCpu);
    return;
  }
  if (!one_token) {
    embedded = h;
    one_token = std::make_unique<Recording>(
        [this] { logits_there = model.logits(model.decode(embedded, caches)); });
  } else {
    embedded.copy_from(h);
    for (Cache& cache : caches) ++cache.length;
  }
  one_token->play();
  last = logits_there.to(Device::kCpu);
}

std::span<const real> GpuGenerator::logits() const {
  check(last.defined(), "generate: the prompt is empty, expected at least one token");
  return {last.data(), std::size_t(last.size())};
}

std::vector<std::int32_t> GpuGenerator::generate(Index max_tokens, const Sampling& sampling,
                                                 const Ends& ends, const Each& each) {
  return seekling::generate(
      max_tokens, sampling, ends, each, history, [&] { return logits(); },
      [&](std::int32_t id) { step(id); });
}

Index GpuGenerator::cache_bytes_per_token() const {
  Index n = 0;
  for (const Cache& cache : caches) n += cache.row.elements();
  return n * Index(sizeof(real));
}

}  // namespace seekling
