// Text generation on a GPU with the model's own decode(), absorbed, and latent caches in GPU
// memory. Only a row of logits returns to the CPU, which samples from it. Each token is the same
// work at the next position, so it is captured once, in a CUDA graph.
#pragma once

#include "infer/generate.h"
#include "tensor/recording.h"

namespace seekling {

class GpuGenerator {  // one conversation; the interface of Generator
 public:
  GpuGenerator(const Transformer& model, Index capacity);  // the model must outlive it
  void read(std::span<const std::int32_t> ids);
  std::span<const real> logits() const;
  std::vector<std::int32_t> generate(Index max_tokens, const Sampling& sampling, const Ends& ends,
                                     const Each& each = {});
  Index length() const { return caches[0].length; }
  Index cache_bytes_per_token() const;
  Index cache_bytes() const { return capacity * cache_bytes_per_token(); }

 private:
  void read_together(std::span<const std::int32_t> ids);
  void step(std::int32_t id);

  const Transformer& model;
  const Index capacity;
  std::vector<Cache> caches;
  std::vector<std::int32_t> history;
  Tensor last;                    // logits [1,1,vocab_size], on the CPU
  Index steps = 0;                // single-token steps since the last chunk of several tokens
  Tensor embedded, logits_there;  // input and output of the recording
  std::unique_ptr<Recording> one_token;
};

}  // namespace seekling
