// The baselines that MLA is measured against: MHA, GQA and MQA, by the number of key heads.
#pragma once

#include <cstdint>
#include <span>

#include "attention/cache.h"
#include "attention/rope.h"
#include "nn/config.h"
#include "nn/linear.h"
#include "nn/parameters.h"

namespace seekling {

struct GQA {  // num_key_value_heads = H: MHA; 1: MQA
  explicit GQA(const Config& config);

  Tensor forward(const Tensor& h, std::span<const std::int32_t> document_start) const;
  Tensor decode(const Tensor& h, Cache& cache) const;
  Cache make_cache(Index capacity) const;
  void parameters(const std::string& at, const Visitor& visit) const;

  Index H, key_heads, head_dim;
  Rotary rotary;
  real scale;
  Linear q_proj, k_proj, v_proj, o_proj;
};

}  // namespace seekling
