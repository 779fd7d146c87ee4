// Grouped-query attention to the latest 16 tokens: a kind of attention that Seekling does not have.
#pragma once

#include "attention/gqa.h"

namespace seekling {

struct Window : GQA {  // its parameters, shapes and cache are those of GQA
  using GQA::GQA;
  static constexpr Index kTokens = 16;

  Tensor forward(const Tensor& h, const Context& context) const override;
  Tensor decode(const Tensor& all, LayerCache& cache) const override;
  std::unique_ptr<Attention> pack(const Precision& precision) const override;

  std::string name() const override { return "window"; }
  double flops(double context) const override {
    return GQA::flops(std::min(context, double(kTokens)));
  }
};

}  // namespace seekling
