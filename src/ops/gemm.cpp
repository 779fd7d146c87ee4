// The three products, by Eigen, one tile of rows at a time. Tiles have the same borders for any number of threads, each is
// multiplied by one thread, and so the bits of C do not depend on how many there are.
#include "ops/gemm.h"

#include <algorithm>
#include <vector>

#include "core/parallel.h"

namespace seekling {

namespace {

constexpr Index kTileRows = 128;

// Eigen would cut a product among threads of its own where it is not inside a parallel region, and otherwise not: other
// bits for other numbers of threads.
[[maybe_unused]] const bool kEigenStaysOnItsThread = (Eigen::setNbThreads(1), true);

struct Tile {
  const Gemm* product;
  Index row, rows;
};

template <class Multiply>
void for_each_tile(std::span<const Gemm> group, Multiply&& multiply) {
  std::vector<Tile> tiles;
  for (const Gemm& g : group)
    for (Index i = 0; g.c.cols > 0 && i < g.c.rows; i += kTileRows)
      tiles.push_back({&g, i, std::min(kTileRows, g.c.rows - i)});
  parallel_for(Index(tiles.size()), 1, [&](Index t) {
    const Tile& tile = tiles[std::size_t(t)];
    multiply(*tile.product, tile.row, tile.rows);
  });
}

template <class Product>
void store(View c, const Product& product, Accumulate accumulate) {
  if (accumulate == Accumulate::kNo) {
    c.matrix().noalias() = product;
  } else {
    c.matrix().noalias() += product;
  }
}

}  // namespace

void gemm_nt(std::span<const Gemm> group, Accumulate accumulate) {
  for_each_tile(group, [=](const Gemm& g, Index i, Index n) {
    store(g.c.middle_rows(i, n), g.a.middle_rows(i, n).matrix() * g.b.matrix().transpose(), accumulate);
  });
}

void gemm_nn(std::span<const Gemm> group, Accumulate accumulate) {
  for_each_tile(group, [=](const Gemm& g, Index i, Index n) {
    store(g.c.middle_rows(i, n), g.a.middle_rows(i, n).matrix() * g.b.matrix(), accumulate);
  });
}

void gemm_tn(std::span<const Gemm> group, Accumulate accumulate) {
  for_each_tile(group, [=](const Gemm& g, Index i, Index n) {
    store(g.c.middle_rows(i, n), g.a.block(0, i, g.a.rows, n).matrix().transpose() * g.b.matrix(), accumulate);
  });
}

void gemm_nt(View c, View a, View b, Accumulate accumulate) { gemm_nt(std::vector<Gemm>{{c, a, b}}, accumulate); }
void gemm_nn(View c, View a, View b, Accumulate accumulate) { gemm_nn(std::vector<Gemm>{{c, a, b}}, accumulate); }
void gemm_tn(View c, View a, View b, Accumulate accumulate) { gemm_tn(std::vector<Gemm>{{c, a, b}}, accumulate); }

}  // namespace seekling
