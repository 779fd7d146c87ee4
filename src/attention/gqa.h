// The baselines for MLA: MHA, GQA and MQA, which differ in the number of key heads.
#pragma once

#include "attention/layer.h"
#include "attention/rope.h"
#include "nn/linear.h"

namespace seekling {

struct GQA : Attention {  // num_key_value_heads = H: MHA; 1: MQA
  explicit GQA(const Config& config);

  Tensor forward(const Tensor& h, const Context& context) const override;
  Tensor decode(const Tensor& all, LayerCache& cache) const override;
  CacheRow cache_row() const override;
  std::unique_ptr<Attention> pack(const Precision& precision) const override;
  WeightBytes weight_bytes() const override;
  void pack_matrices(Format format);
  void parameters(const std::string& at, const Visitor& visit) const override;

  std::string name() const override;
  Index head_width() const override;
  double flops(double context) const override;

  Index H, key_heads, head_dim;
  Rotary rotary;
  real scale;
  Linear q_proj, k_proj, v_proj, o_proj;
};

}  // namespace seekling
