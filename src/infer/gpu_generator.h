// Text, token by token, from a model on a GPU: by the model's own decode(), absorbed,
// from latent caches that stay there. What comes back is a row of logits, to be chosen from here.
// Token after token is the same work at the next position, so it is recorded once.
#pragma once

#include "infer/generate.h"
#include "tensor/recording.h"

namespace seekling {

class GpuGenerator {  // one conversation; as Generator
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
  Tensor last;                    // logits [1,1,vocab_size], here
  Index steps = 0;                // since more than one token was read
  Tensor embedded, logits_there;  // what goes into the recording, and comes out
  std::unique_ptr<Recording> one_token;
};

}  // namespace seekling
