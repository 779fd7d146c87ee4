// A layer of attention of any kind. A kind is one file that implements this interface, and one line
// of make_attention().
#pragma once

#include <memory>
#include <string>

#include "attention/cache.h"
#include "nn/config.h"
#include "nn/context.h"
#include "nn/parameters.h"

namespace seekling {

struct Attention {
  virtual ~Attention() = default;

  // Whole sequences: h [B,T,hidden_size], same shape out.
  virtual Tensor forward(const Tensor& h, const Context& context) const = 0;

  // h [1,T,hidden_size]: T tokens that follow those in the cache, which then holds them too.
  virtual Tensor decode(const Tensor& h, Cache& cache) const = 0;
  virtual Cache make_cache(Index capacity) const = 0;

  virtual void parameters(const std::string& at, const Visitor& visit) const = 0;
};

// The kind that the config names.
std::unique_ptr<Attention> make_attention(const Config& config);

}  // namespace seekling
