// A layer of attention of any kind. A kind is a class in files of its own that implements these two
// interfaces and instantiates make_kind() (kind.h), and a row of the table in layer.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attention/cache.h"
#include "attention/step.h"
#include "nn/config.h"
#include "nn/context.h"
#include "nn/parameters.h"
#include "quant/precision.h"

namespace seekling {

// Such a layer prepared for inference: a copy of its weights, packed, and the rows that it keeps
// in the cache.
struct PackedAttention {
  virtual ~PackedAttention() = default;

  // x [N,hidden_size], a row for each token of the step. Writes the row of every token into the
  // cache of layer `layer`, and returns u of the last step.wanted tokens, [wanted,hidden_size].
  virtual Tensor decode(View x, Index layer, Step& step) const = 0;
  virtual Segments segments() const = 0;  // of a token's row in the cache

  virtual Index weight_bytes() const = 0;
  virtual Index weight_bytes_per_token() const = 0;  // of the weights that one token reads
};

struct Attention {
  virtual ~Attention() = default;

  // Whole sequences: h [B,T,hidden_size], same shape out.
  virtual Tensor forward(const Tensor& h, const Context& context) const = 0;

  // h [1,T,hidden_size]: T tokens that follow those in the cache, which then holds them too.
  virtual Tensor decode(const Tensor& h, Cache& cache) const = 0;
  virtual Cache make_cache(Index capacity) const = 0;

  virtual std::unique_ptr<PackedAttention> pack(const Precision& precision) const = 0;
  // The contents of that cache: "absorbed" or "naive" (MLA), or "heads".
  virtual std::string cache_form(Decoding) const { return "heads"; }

  virtual void parameters(const std::string& at, const Visitor& visit) const = 0;
  virtual GgufNames gguf_names() const { return {}; }  // after "self_attn."; none: not in GGUF

  // Its row of table 1 of DeepSeek-V2 (arXiv:2405.04434): the papers' word for the kind, the values
  // cached per token, and d_h, the width of one head's keys and values.
  virtual std::string name() const = 0;
  virtual Index cached_per_token() const = 0;
  virtual Index head_width() const = 0;

  // Floating-point operations of the scores and of the sum of the values, for one token that
  // attends to `context` tokens (a multiply-add is two).
  virtual double flops(double context) const = 0;
};

// Shows an observer, if there is one, the queries and keys of a forward pass as q and k
// [B,T,heads,d], each with its content and its rotary part in one row (V2 eq. 40, 44).
void observe(const Context& context, const Pair& q, const Pair& k);

// The kind that config.attention names.
std::unique_ptr<Attention> make_attention(const Config& config);
std::vector<std::string> attention_kinds();  // the names

}  // namespace seekling
