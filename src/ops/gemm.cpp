#include "ops/gemm.h"
#include "core/parallel.h"
#include <vector>
namespace seekling {
constexpr Index kTileRows = 128;
template <class Product>
static void tiles(std::span<const Gemm> group, Product&& product) {
  struct Tile { const Gemm* g; Index row, n; };
  std::vector<Tile> list;
  for (const Gemm& g : group)
    for (Index i = 0; i < g.c.rows && g.c.cols; i += kTileRows) list.push_back({&g, i, std::min(kTileRows, g.c.rows - i)});
  parallel_for(Index(list.size()), 1, [&](Index t) { product(*list[size_t(t)].g, list[size_t(t)].row, list[size_t(t)].n); });
}
template <class C, class P> static void store(C c, const P& p, Accumulate a) { if (a == Accumulate::kNo) c.noalias() = p; else c.noalias() += p; }
void gemm_nt(std::span<const Gemm> g, Accumulate acc) { tiles(g, [=](const Gemm& p, Index i, Index n) { store(p.c.middle_rows(i, n).matrix(), p.a.middle_rows(i, n).matrix() * p.b.matrix().transpose(), acc); }); }
void gemm_nn(std::span<const Gemm> g, Accumulate acc) { tiles(g, [=](const Gemm& p, Index i, Index n) { store(p.c.middle_rows(i, n).matrix(), p.a.middle_rows(i, n).matrix() * p.b.matrix(), acc); }); }
void gemm_tn(std::span<const Gemm> g, Accumulate acc) { tiles(g, [=](const Gemm& p, Index i, Index n) { store(p.c.middle_rows(i, n).matrix(), p.a.block(0, i, p.a.rows, n).matrix().transpose() * p.b.matrix(), acc); }); }
void gemm_nt(View c, View a, View b, Accumulate acc) { const Gemm g{c, a, b}; gemm_nt(std::span(&g, 1), acc); }
void gemm_nn(View c, View a, View b, Accumulate acc) { const Gemm g{c, a, b}; gemm_nn(std::span(&g, 1), acc); }
void gemm_tn(View c, View a, View b, Accumulate acc) { const Gemm g{c, a, b}; gemm_tn(std::span(&g, 1), acc); }
}
