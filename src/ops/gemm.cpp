#include "ops/gemm.h"

#include "core/parallel.h"

namespace seekling {
namespace {

constexpr Index kTile = 256;

template <class F>
void each_tile(std::span<const Gemm> group, Accumulate accumulate, F&& product) {
  for (const Gemm& g : group)
    parallel_stripes(g.c.rows, kTile, [&](Index i, Index n) {
      if (g.c.cols == 0) return;
      auto c = g.c.middle_rows(i, n).matrix();
      if (accumulate == Accumulate::kNo) c.setZero();
      product(c, g, i, n);
    });
}

}  // namespace

void gemm_nt(std::span<const Gemm> group, Accumulate accumulate) {
  each_tile(group, accumulate, [](auto& c, const Gemm& g, Index i, Index n) {
    c.noalias() += g.a.middle_rows(i, n).matrix() * g.b.matrix().transpose();
  });
}

void gemm_nn(std::span<const Gemm> group, Accumulate accumulate) {
  each_tile(group, accumulate, [](auto& c, const Gemm& g, Index i, Index n) {
    c.noalias() += g.a.middle_rows(i, n).matrix() * g.b.matrix();
  });
}

void gemm_tn(std::span<const Gemm> group, Accumulate accumulate) {
  each_tile(group, accumulate, [](auto& c, const Gemm& g, Index i, Index n) {
    c.noalias() += g.a.block(0, i, g.a.rows, n).matrix().transpose() * g.b.matrix();
  });
}

void gemm_nt(View c, View a, View b, Accumulate accumulate) { gemm_nt({{Gemm{c, a, b}}}, accumulate); }
void gemm_nn(View c, View a, View b, Accumulate accumulate) { gemm_nn({{Gemm{c, a, b}}}, accumulate); }
void gemm_tn(View c, View a, View b, Accumulate accumulate) { gemm_tn({{Gemm{c, a, b}}}, accumulate); }

}  // namespace seekling
