// An attention layer of any kind. A kind is a class in its own files that implements this interface
// and instantiates make_kind() (kind.h), and one row of the table in layer.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attention/cache.h"
#include "nn/config.h"
#include "nn/context.h"
#include "nn/linear.h"
#include "nn/parameters.h"
#include "quant/precision.h"

namespace seekling {

struct Attention {
  virtual ~Attention() = default;

  // Whole sequences: h [B,T,hidden_size] to the same shape.
  virtual Tensor forward(const Tensor& h, const Context& context) const = 0;

  // h [1,N,hidden_size]: the tokens of a step, which follow those in the cache and are added to it.
  // Returns the output of the wanted tokens, [1,n,hidden_size].
  virtual Tensor decode(const Tensor& h, LayerCache& cache) const = 0;
  virtual CacheRow cache_row() const = 0;

  // A copy with packed weights for inference on a CPU, which can only decode.
  virtual std::unique_ptr<Attention> pack(const Precision& precision) const = 0;
  virtual WeightBytes weight_bytes() const = 0;  // of a packed copy
  // The contents of that cache: "absorbed" or "naive" (MLA), or "heads".
  virtual std::string cache_form(Decoding) const { return "heads"; }

  virtual void parameters(const std::string& at, const Visitor& visit) const = 0;
  virtual GgufNames gguf_names() const { return {}; }  // after "self_attn."; none: not in GGUF

  // For table 1 of DeepSeek-V2 (arXiv:2405.04434), with cache_row().elements(): the paper's name of
  // the kind, and d_h, the width of one head's keys and values.
  virtual std::string name() const = 0;
  virtual Index head_width() const = 0;

  // FLOPs of the scores and the weighted sum of values, for one token that attends to `context`
  // tokens (a multiply-add is two).
  virtual double flops(double context) const = 0;
};

// Passes the queries and keys of a forward pass to the observer, if there is one: q and k
// [B,T,heads,d], each the concatenation of its content and rotary parts (V2 eq. 40, 44).
void observe(const Context& context, const Pair& q, const Pair& k);

// Makes the kind named by config.attention.
std::unique_ptr<Attention> make_attention(const Config& config);
std::vector<std::string> attention_kinds();  // the names

}  // namespace seekling
