// The three products as one scheme (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication"):
//
//   1. B is packed into panels: kCols columns wide, those of one k side by side, so that the innermost loop reads memory
//      in the order it lies there, and that C = A Bᵀ and C = A B differ in the packing alone. Packing costs one pass over
//      B; each number packed is then used once for every row of C.
//   2. C is cut into tiles of kTileRows x kTileCols, which the threads take one after the other. A tile's part of B,
//      kTileCols x kDepth, stays in the second-level cache while the rows of A go by.
//   3. Inside, gemm_kernel.h computes blocks of C that fit the registers. It reads the rows of A in place; for Aᵀ, whose
//      neighbours in k are far apart in memory, the tile's part of A is packed first.
//
// A number of C is one chain of multiply-adds for every kDepth of k, in order. Neither tiles nor threads change it.
// Where the machine has no kernel, Eigen multiplies.
#include "ops/gemm.h"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/parallel.h"
#include "ops/gemm_kernel.h"

namespace seekling {

namespace {

constexpr Index kTileRows = 48, kTileCols = 128, kDepth = 384;  // at most; `seekling bench gemm` weighs the sizes
constexpr Index kTilesWanted = 16;        // with fewer, one thread would often wait for another's last tile
constexpr Index kFewRows = 4;             // at most so many rows of A: dot products, without packing
constexpr Index kWorthThreads = 1 << 16;  // multiply-adds; waking a thread takes some microseconds

enum class Form { kNT, kNN, kTN };

Index depth(Form form, const Gemm& g) { return form == Form::kTN ? g.a.rows : g.a.cols; }

// Numbers in the panels of the whole B; the last panel counts as a wide one.
Index panels_size(Form form, const GemmInstructions& cpu, const Gemm& g) {
  return (g.c.cols + cpu.cols - 1) / cpu.cols * cpu.cols * depth(form, g);
}

const GemmInstructions* best_instructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && gemm_avx512()) return gemm_avx512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && gemm_avx2()) return gemm_avx2();
#endif
  return nullptr;
}

const GemmInstructions*& instructions() {
  static const GemmInstructions* best = best_instructions();
  return best;
}

// Memory that a thread keeps from call to call.
class Scratch {
 public:
  real* take(Index n) {
    if (n > size_) {
      data_.reset();  // first, so that old and new do not exist together
      data_.reset(static_cast<real*>(::operator new(size_t(n) * sizeof(real), kCacheLine)));
      size_ = n;
    }
    return data_.get();
  }

 private:
  static constexpr std::align_val_t kCacheLine{64};
  struct Delete {
    void operator()(real* p) const { ::operator delete(p, kCacheLine); }
  };
  std::unique_ptr<real, Delete> data_;
  Index size_ = 0;
};

struct Piece {  // a tile of C, or some columns of B to be packed
  const Gemm* g;
  real* panels;  // of the whole B
  Index i, rows, j, cols;
};

void multiply_tile(Form form, const GemmInstructions& cpu, const Piece& tile, bool accumulate) {
  static thread_local Scratch scratch;
  const auto& [c, a, b] = *tile.g;
  const Index K = depth(form, *tile.g);
  Index k = 0;
  do {  // once even for K = 0, which stores zeros
    const Index n_k = std::min(kDepth, K - k);
    const bool add = accumulate || k > 0;
    real* packed = nullptr;
    if (form == Form::kTN) {
      packed = scratch.take((kTileRows + cpu.rows) * kDepth);
      for (Index i = 0; i < tile.rows; i += cpu.rows)
        cpu.pack_rows(packed + i * n_k, a.data + k * a.ld + tile.i + i, a.ld, std::min(cpu.rows, tile.rows - i), n_k);
    }
    for (Index j = tile.j; j < tile.j + tile.cols; j += cpu.cols) {
      const Index m = std::min(cpu.cols, c.cols - j), panel_width = m > cpu.cols / 2 ? cpu.cols : cpu.cols / 2;
      const real* panel = tile.panels + j * K + k * panel_width;
      for (Index i = 0; i < tile.rows; i += cpu.rows) {
        const Index n = std::min(cpu.rows, tile.rows - i);
        real* block = c.data + (tile.i + i) * c.ld + j;
        if (packed) {
          cpu.multiply_packed(block, c.ld, n, m, packed + i * n_k, 0, panel, n_k, add);
        } else {
          cpu.multiply(block, c.ld, n, m, a.data + (tile.i + i) * a.ld + k, a.ld, panel, n_k, add);
        }
      }
    }
    k += kDepth;
  } while (k < K);
}

// Rows of a tile: kTileRows, or less where C is small, so that there are enough tiles to share out evenly.
Index tile_rows(const GemmInstructions& cpu, std::span<const Gemm> group) {
  const auto tiles = [&](Index rows) {
    Index sum = 0;
    for (const Gemm& g : group) sum += (g.c.rows + rows - 1) / rows * ((g.c.cols + kTileCols - 1) / kTileCols);
    return sum;
  };
  Index rows = kTileRows / cpu.rows * cpu.rows;
  while (rows > cpu.rows && tiles(rows) < kTilesWanted) rows -= cpu.rows;
  return rows;
}

void multiply(Form form, const GemmInstructions& cpu, std::span<const Gemm> group, bool accumulate) {
  static thread_local Scratch scratch;
  static thread_local std::vector<Piece> pieces_of_thread;
  std::vector<Piece>& pieces = pieces_of_thread;  // this thread's, whichever thread reads it

  Index room = 0, work = 0;
  for (const Gemm& g : group) {
    room += panels_size(form, cpu, g);
    work += g.c.rows * g.c.cols * depth(form, g);
  }
  const auto for_each_piece = [&](auto&& f) {
    parallel_for(Index(pieces.size()), work < kWorthThreads ? std::max<Index>(1, Index(pieces.size())) : 1,
                 [&](Index p) { f(pieces[size_t(p)]); });
  };

  real* panels = scratch.take(room);
  pieces.clear();
  for (const Gemm& g : group) {
    for (Index j = 0; g.c.rows > 0 && j < g.c.cols; j += cpu.cols)
      pieces.push_back({&g, panels, 0, 0, j, std::min(cpu.cols, g.c.cols - j)});
    panels += panels_size(form, cpu, g);
  }
  for_each_piece([&](const Piece& p) {
    const View& b = p.g->b;
    const Index K = depth(form, *p.g);
    real* panel = p.panels + p.j * K;
    form == Form::kNT ? cpu.pack_transposed(panel, b.data + p.j * b.ld, b.ld, p.cols, K)
                      : cpu.pack(panel, b.data + p.j, b.ld, p.cols, K);
  });

  panels = scratch.take(room);
  pieces.clear();
  const Index rows = tile_rows(cpu, group);
  for (const Gemm& g : group) {
    for (Index j = 0; j < g.c.cols; j += kTileCols)  // rows innermost: the threads share the columns of B at hand
      for (Index i = 0; i < g.c.rows; i += rows)
        pieces.push_back({&g, panels, i, std::min(rows, g.c.rows - i), j, std::min(kTileCols, g.c.cols - j)});
    panels += panels_size(form, cpu, g);
  }
  for_each_piece([&](const Piece& tile) { multiply_tile(form, cpu, tile, accumulate); });
}

// C = or += A Bᵀ with few rows, as in decoding: a pass over B.
void multiply_few_rows(const GemmInstructions& cpu, const Gemm& g, bool accumulate) {
  const Index width = std::max<Index>(64, kWorthThreads / 2 / std::max<Index>(1, g.a.cols));
  parallel_stripes(g.c.cols, width / 64 * 64, [&](Index j, Index n) {
    cpu.dot(g.c.data + j, g.c.ld, g.c.rows, g.a.data, g.a.ld, g.b.data + j * g.b.ld, g.b.ld, n, g.a.cols, accumulate);
  });
}

// Eigen would cut a product among threads of its own where it is not inside a parallel region, and otherwise not: other
// bits for other numbers of threads.
[[maybe_unused]] const bool kEigenStaysOnItsThread = (Eigen::setNbThreads(1), true);

void multiply_by_eigen(Form form, const Gemm& g, bool accumulate) {
  if (depth(form, g) == 0) {
    if (!accumulate) g.c.matrix().setZero();
    return;
  }
  const auto store = [&](MatrixMap c, const auto& product) {
    if (accumulate) {
      c.noalias() += product;
    } else {
      c.noalias() = product;
    }
  };
  parallel_stripes(g.c.rows, kTileRows, [&](Index i, Index n) {
    const MatrixMap c = g.c.middle_rows(i, n).matrix(), b = g.b.matrix();
    switch (form) {
      case Form::kNT: return store(c, g.a.middle_rows(i, n).matrix() * b.transpose());
      case Form::kNN: return store(c, g.a.middle_rows(i, n).matrix() * b);
      case Form::kTN: return store(c, g.a.block(0, i, g.a.rows, n).matrix().transpose() * b);
    }
  });
}

void gemm(Form form, std::span<const Gemm> group, Accumulate accumulate) {
  const bool add = accumulate == Accumulate::kYes;
  const GemmInstructions* cpu = instructions();
  if (!cpu) {
    for (const Gemm& g : group)
      if (g.c.cols > 0) multiply_by_eigen(form, g, add);
  } else if (form == Form::kNT &&
             std::all_of(group.begin(), group.end(), [](const Gemm& g) { return g.c.rows <= kFewRows; })) {
    for (const Gemm& g : group) multiply_few_rows(*cpu, g, add);
  } else {
    multiply(form, *cpu, group, add);
  }
}

}  // namespace

const GemmInstructions* gemm_instructions() { return instructions(); }
const GemmInstructions* set_gemm_instructions(const GemmInstructions* cpu) {
  return std::exchange(instructions(), cpu);
}

void gemm_nt(std::span<const Gemm> group, Accumulate accumulate) { gemm(Form::kNT, group, accumulate); }
void gemm_nn(std::span<const Gemm> group, Accumulate accumulate) { gemm(Form::kNN, group, accumulate); }
void gemm_tn(std::span<const Gemm> group, Accumulate accumulate) { gemm(Form::kTN, group, accumulate); }

void gemm_nt(View c, View a, View b, Accumulate accumulate) { gemm_nt(std::array{Gemm{c, a, b}}, accumulate); }
void gemm_nn(View c, View a, View b, Accumulate accumulate) { gemm_nn(std::array{Gemm{c, a, b}}, accumulate); }
void gemm_tn(View c, View a, View b, Accumulate accumulate) { gemm_tn(std::array{Gemm{c, a, b}}, accumulate); }

}  // namespace seekling
