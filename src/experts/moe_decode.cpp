// DeepSeekMoE in inference: moe.cpp's equations, (20)-(22) of DeepSeek-V2 (arXiv:2405.04434). A
// step has few tokens, so only the chosen experts are read, all of them in one loop over threads.
// No twin: a GPU decodes by forward() of moe.cpp.
#include "core/parallel.h"
#include "experts/moe.h"
#include "nn/rows.h"
#include "quant/packed.h"

namespace seekling {

namespace {

struct PackedMoE : PackedFeedForward {
  PackedMoE(Format format, const MoE& moe)
      : options(moe.options), gate(Format::kF32, moe.gate.weight),
        experts_gate_up(format, moe.experts_gate_up), experts_down(format, moe.experts_down) {
    if (moe.e_score_correction_bias.defined())
      e_score_correction_bias = copied(moe.e_score_correction_bias);
    if (moe.shared_experts.gate_up.defined()) shared_experts = moe.shared_experts.pack(format);
  }

  void add_to(View h, View x) const override;
  Index weight_bytes() const override;
  Index weight_bytes_per_token() const override;

  Routing route_rows(View x) const;
  Tensor through_experts(const Tensor& xs, const Packed& experts, const Plan& plan) const;

  const RouterOptions options;
  const Packed gate;  // fp32: a choice must not flip by rounding
  Tensor e_score_correction_bias;
  const Packed experts_gate_up, experts_down;
  std::unique_ptr<PackedFeedForward> shared_experts;
};

// (21), (22). A row at a time, for the same bits in any batch: nn/rows.h.
Routing PackedMoE::route_rows(View x) const {
  const Index N = x.rows, E = gate.out, K = options.K;
  const Tensor logits({N, E});
  multiply(logits, x, gate);
  const Routing all{{}, Tensor({N, K}), Ints(N * K), Ints::zeros(E)};
  each_row(N, [&, l = logits.view(), g = all.g.view(), experts = all.experts.data()](Index i) {
    const Tensor row({1, E});
    std::copy_n(&l(i, 0), E, row.data());
    const Routing one = route(row, e_score_correction_bias, options);
    std::copy_n(one.g.data(), K, &g(i, 0));
    std::copy_n(one.experts.begin(), K, experts + i * K);
  });
  for (const std::int32_t e : all.experts) ++all.load[e];
  return all;
}

// Each expert's rows of xs through its matrix.
Tensor PackedMoE::through_experts(const Tensor& xs, const Packed& experts, const Plan& plan) const {
  const Tensor y({xs.rows(), experts.out});
  std::vector<PackedProduct> products;
  for (Index e = 0; e < experts.count; ++e) {
    const Index begin = plan.begin[size_t(e)], n = plan.begin[size_t(e) + 1] - begin;
    if (n > 0)
      products.push_back(
          {y.view().middle_rows(begin, n), xs.view().middle_rows(begin, n), &experts, e});
  }
  multiply(products);
  return y;
}

void PackedMoE::add_to(View h, View x) const {
  if (shared_experts) shared_experts->add_to(h, x);
  const Routing routing = route_rows(x);
  const Plan plan(routing);
  const Index R = Index(plan.token.size()), D = x.cols, m = experts_down.in;
  // A row of x for each choice, sorted by expert, and its FFN.
  const Tensor xs({R, D}), inner({R, m});
  each_row(
      R, [&, to = xs.view()](Index r) { std::copy_n(&x(plan.token[size_t(r)], 0), D, &to(r, 0)); });
  const Tensor gate_up = through_experts(xs, experts_gate_up, plan);
  each_row(R, [a = inner.view(), b = gate_up.view(), m](Index r) {
    kernel().swiglu(&a(r, 0), &b(r, 0), m);
  });
  const Tensor ys = through_experts(inner, experts_down, plan);
  // (20): h += Σ_i g_i FFN_i(x)
  each_row(x.rows, [&, g = routing.g.view(), y = ys.view()](Index t) {
    for (Index k = 0; k < plan.K; ++k) {
      const Index r = plan.row[size_t(t * plan.K + k)];
      for (Index d = 0; d < D; ++d) h(t, d) += g(t, k) * y(r, d);
    }
  });
}

Index PackedMoE::weight_bytes() const {
  const Index shared = shared_experts ? shared_experts->weight_bytes() : 0;
  return shared + gate.bytes() + experts_gate_up.bytes() + experts_down.bytes();
}

Index PackedMoE::weight_bytes_per_token() const {
  const Index experts = experts_gate_up.bytes() + experts_down.bytes();
  return weight_bytes() - experts + experts * options.K / experts_down.count;
}

}  // namespace

std::unique_ptr<PackedFeedForward> MoE::pack(Format format) const {
  return std::make_unique<PackedMoE>(format, *this);
}

}  // namespace seekling
