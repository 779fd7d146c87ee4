// The lightning indexer of DeepSeek-V3.2: chooses the keys that a query's attention sees.
#pragma once

#include "attention/positions.h"
#include "nn/config.h"
#include "nn/context.h"
#include "nn/linear.h"
#include "nn/parameters.h"

namespace seekling {

struct Indexer {
  explicit Indexer(const Config& config);
  Indexer pack(Format format) const;  // for inference: a copy with packed weights
  WeightBytes weight_bytes() const;
  void parameters(const std::string& at, const Visitor& visit) const;

  struct Query {
    Tensor q;  // [B,T,HI,dI]
    Tensor w;  // [B,T,HI]
  };
  // c_q [B,T,q_lora_rank]: the normalised latent of the queries, which q_b_proj reads too.
  Query query(const Tensor& c_q, const Tensor& x, const Positions& at) const;
  Tensor key(const Tensor& x, const Positions& at) const;  // [B,T,1,dI], one for all heads

  Index HI, dI, topk;  // index_n_heads, index_head_dim, index_topk
  Rotary rotary;
  real scale;  // of w: HI^-1/2 dI^-1/2

  Linear wq_b;                 // [HI·dI,q_lora_rank]
  Linear wk;                   // [dI,hidden_size]
  LayerNorm k_norm;            // [dI]
  PreciseLinear weights_proj;  // [HI,hidden_size]
};

}  // namespace seekling
