// The dense feed-forward layer in inference: mlp.cpp's equation, with both halves of gate_up read
// in one pass over memory.
#include "nn/mlp.h"
#include "nn/rows.h"
#include "quant/packed.h"

namespace seekling {

namespace {

struct PackedMlp : PackedFeedForward {
  PackedMlp(Format format, const Mlp& mlp)
      : gate_up(format, mlp.gate_up), down(format, mlp.down_proj.weight) {}

  void add_to(View h, View x) const override {
    const Index N = x.rows, m = down.in;
    const Tensor both({N, 2 * m}), inner({N, m}), y({N, h.cols});
    multiply(both, x, gate_up);
    each_row(N, [a = inner.view(), b = both.view(), m](Index i) {
      kernel().swiglu(&a(i, 0), &b(i, 0), m);
    });
    multiply(y, inner, down);
    add_rows(h, y);
  }

  Index weight_bytes() const override { return gate_up.bytes() + down.bytes(); }
  Index weight_bytes_per_token() const override { return weight_bytes(); }

  const Packed gate_up, down;
};

}  // namespace

std::unique_ptr<PackedFeedForward> Mlp::pack(Format format) const {
  return std::make_unique<PackedMlp>(format, *this);
}

}  // namespace seekling
