// The three products as one scheme (Goto and van de Geijn 2008, "Anatomy of high-performance
// matrix multiplication"):
//
//   1. B is packed into panels, kCols columns wide and stored k by k, so that the innermost loop
//      reads memory sequentially, and C = A Bᵀ and C = A B differ only in the packing. It costs
//      one pass over B; each packed value is then used once for every row of C.
//   2. C is cut into tiles of tile_rows x tile_cols. A tile's part of B, tile_cols x depth, stays
//      in the L2 cache while the rows of A are read. The threads take pieces of C dynamically, in
//      one of three ways (below).
//   3. Inside, gemm_kernel.h computes blocks of C that fit the registers.
//      It reads the rows of A in place; for Aᵀ, whose neighbours in k are far apart in memory,
//      it packs the tile's part of A first.
//
// An element of C is one chain of multiply-adds for every `depth` of k, in order, independent of
// tiles and threads. If the machine has no kernel, Eigen multiplies.
#include "matmul/gemm.h"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/half.h"
#include "core/parallel.h"
#include "core/products.h"
#include "matmul/gemm_amx.h"
#include "matmul/gemm_bf16.h"

namespace seekling {

namespace {

constexpr Index kEigenRows = 48;          // rows per piece with Eigen
constexpr Index kTilesPerThread = 4;      // with fewer, threads would wait for the last tile
constexpr Index kPacked = 1 << 18;        // values of B packed at a time; 1 MiB, or one depth
constexpr Index kPartialSums = 1 << 18;   // the most values of C that way 3 keeps; 1 MiB
constexpr Index kFewRows = 4;             // with at most 4 rows of A: dot products, no packing
constexpr Index kWorthThreads = 1 << 16;  // multiply-adds; waking a thread takes some microseconds

enum class Form { kNT, kNN, kTN };

Index depth(Form form, const Gemm& g) { return form == Form::kTN ? g.a.rows : g.a.cols; }

// Values in the panels of N columns of B; the last panel counts as a wide one.
Index panels_size(const GemmInstructions& cpu, Index N, Index K) {
  return (N + cpu.cols - 1) / cpu.cols * cpu.cols * K;
}

const GemmInstructions* best_instructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && gemm_avx512()) return gemm_avx512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && gemm_avx2())
    return gemm_avx2();
#endif
  return nullptr;
}

const GemmInstructions*& instructions() {
  static const GemmInstructions* best = best_instructions();
  return best;
}

// Intel's processors multiply bf16 by AMX. AVX512-BF16 does two multiply-adds in one instruction,
// in the time of one on AMD's processors (Zen 4 and 5), but of four on Intel's (Emerald Rapids):
// there, without AMX, rounding alone is faster.
const GemmInstructions* bf16_instructions() {
  const GemmInstructions* cpu = instructions();
#if defined(__x86_64__)
  if (cpu && cpu == gemm_avx512()) {
    if (gemm_amx()) return gemm_amx();
    if (__builtin_cpu_supports("avx512bf16") && !__builtin_cpu_is("intel") && gemm_avx512_bf16())
      return gemm_avx512_bf16();
  }
#endif
  return cpu ? cpu->bf16 : nullptr;
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

// B in the kernel's layout: panels of cpu.cols columns, each stored k by k. The last may be half as
// wide.
struct Panels {
  real* data;
  Index K, N;

  Index width(const GemmInstructions& cpu, Index j) const {
    return N - j > cpu.cols / 2 ? cpu.cols : cpu.cols / 2;
  }
  real* at(const GemmInstructions& cpu, Index k, Index j) const {
    return data + j * cpu.words(K) + k / cpu.step * width(cpu, j);
  }
};

struct Piece {  // a tile of C, or some columns of B to be packed
  const Gemm* g;
  Panels panels;
  Index i, rows, j, cols;
};

// C = or += A B for the panels of B from (k0, j0) on; `a` is A, or Aᵀ if `transposed`.
void multiply_tile(const GemmInstructions& cpu, View c, View a, bool transposed, const Panels& b,
                   Index k0, Index j0, bool accumulate) {
  static thread_local Scratch scratch;
  const Index K = transposed ? a.rows : a.cols;
  Index k = 0;
  do {  // once even for K = 0, which stores zeros
    // Pack the rows of A unless the kernel can read them in place.
    const Index n_k = std::min(cpu.depth, K - k);
    const bool add = accumulate || k > 0;
    const Index words = cpu.words(n_k);
    const bool in_place = !transposed && !cpu.round_rows;
    real* packed = in_place ? nullptr : scratch.take((c.rows + cpu.rows) * cpu.depth);
    if (transposed) {
      cpu.pack_rows(packed, a.data + k * a.ld, a.ld, c.rows, n_k);
    } else if (cpu.round_rows) {
      cpu.round_rows(packed, a.data + k, a.ld, c.rows, n_k);
    }

    // For each panel of B, and each block of rows of A: one block of C, in registers.
    for (Index j = 0; j < c.cols; j += cpu.cols) {
      const Index m = std::min(cpu.cols, c.cols - j);
      const real* panel = b.at(cpu, k0 + k, j0 + j);
      const Index wide = b.width(cpu, j0 + j);
      for (Index i = 0; i < c.rows; i += cpu.rows) {
        const Index n = std::min(cpu.rows, c.rows - i);
        real* block = c.data + i * c.ld + j;
        if (transposed) {
          cpu.multiply_packed(block, c.ld, n, m, packed + i * words, 0, panel, wide, n_k, add);
        } else if (packed) {
          cpu.multiply(block, c.ld, n, m, packed + i * words, words, panel, wide, n_k, add);
        } else {
          cpu.multiply(block, c.ld, n, m, a.data + i * a.ld + k, a.ld, panel, wide, n_k, add);
        }
      }
    }
    k += cpu.depth;
  } while (k < K);
}

void pack_panel(const GemmInstructions& cpu, const Panels& panels, View b, bool transposed,
                Index j) {
  const Index cols = std::min(cpu.cols, panels.N - j);
  real* panel = panels.at(cpu, 0, j);
  if (transposed) {
    cpu.pack_transposed(panel, b.data + j * b.ld, b.ld, cols, panels.K);
  } else {
    cpu.pack(panel, b.data + j, b.ld, cols, panels.K);
  }
}

// Calls f(piece) for all pieces, on all threads if the work is worth waking them.
template <class F>
void for_each_piece(const std::vector<Piece>& pieces, std::span<const Gemm> group, Form form,
                    F&& f) {
  Index work = 0;
  for (const Gemm& g : group) work += g.c.rows * g.c.cols * depth(form, g);
  const Index n = Index(pieces.size());
  parallel_for(n, work < kWorthThreads ? std::max<Index>(1, n) : 1,
               [&](Index p) { f(pieces[size_t(p)]); });
}

// Way 1, if there are enough columns for all threads, as in a group of experts: a thread takes
// tile_cols columns of C, packs B for `depth` of k at a time, and loops over all rows. The packed
// panels stay in its L2 cache.
void multiply_columns(Form form, const GemmInstructions& cpu, const Piece& p, bool accumulate) {
  static thread_local Scratch scratch;
  const auto& [c, a, b] = *p.g;
  const Index K = depth(form, *p.g);
  const bool transposed = form == Form::kTN;
  Index k = 0;
  do {
    const Panels panels{scratch.take(cpu.tile_cols * cpu.depth), std::min(cpu.depth, K - k),
                        p.cols};
    const View b_k =
        form == Form::kNT ? b.block(p.j, k, p.cols, panels.K) : b.block(k, p.j, panels.K, p.cols);
    for (Index j = 0; j < p.cols; j += cpu.cols) pack_panel(cpu, panels, b_k, form == Form::kNT, j);
    for (Index i = 0; i < c.rows; i += cpu.tile_rows) {
      const Index n = std::min(cpu.tile_rows, c.rows - i);
      multiply_tile(cpu, c.block(i, p.j, n, p.cols),
                    transposed ? a.block(k, i, panels.K, n) : a.block(i, k, n, panels.K),
                    transposed, panels, 0, 0, accumulate || k > 0);
    }
    k += cpu.depth;
  } while (k < K);
}

// Rows per tile: fewer if C is small, so that there are enough tiles to balance the threads.
Index rows_of_tile(const GemmInstructions& cpu, std::span<const Gemm> group) {
  const auto tiles = [&](Index rows) {
    Index sum = 0;
    for (const Gemm& g : group)
      sum += (g.c.rows + rows - 1) / rows * ((g.c.cols + cpu.tile_cols - 1) / cpu.tile_cols);
    return sum;
  };
  Index rows = cpu.tile_rows / cpu.rows * cpu.rows;
  while (rows > cpu.rows && tiles(rows) < kTilesPerThread * threads()) rows -= cpu.rows;
  return rows;
}

// Way 2, for few columns and many rows: all threads pack B, then all multiply tiles of C. If B is
// large, both are repeated for one range of k after another.
void multiply_tiles(Form form, const GemmInstructions& cpu, std::span<const Gemm> group,
                    std::vector<Piece>& pieces, bool accumulate) {
  static thread_local Scratch scratch;
  const bool transposed = form == Form::kTN;

  // How much of k is packed at once: B's panels of all products must fit the cache.
  const Index rows = rows_of_tile(cpu, group);
  Index columns = 0, deepest = 0, room = 0;
  for (const Gemm& g : group) columns += g.c.cols, deepest = std::max(deepest, depth(form, g));
  const Index at_once =
      std::max<Index>(1, kPacked / (std::max<Index>(1, columns) * cpu.depth)) * cpu.depth;
  const auto depth_at_once = [&](const Gemm& g) { return std::min(at_once, depth(form, g)); };
  for (const Gemm& g : group) room += panels_size(cpu, g.c.cols, depth_at_once(g));
  real* const panels = scratch.take(room);

  // Calls f(g, its panels) for the products that have any of this range of k.
  const auto for_each_product = [&](Index k, auto&& f) {
    real* room_left = panels;
    for (const Gemm& g : group) {
      const Index n_k = std::min(at_once, depth(form, g) - k);
      if (g.c.rows > 0 && (k == 0 || n_k > 0)) f(g, Panels{room_left, n_k, g.c.cols});
      room_left += panels_size(cpu, g.c.cols, depth_at_once(g));
    }
  };
  Index k = 0;
  do {  // once even for K = 0, which stores zeros
    // Pack the next part of B: a piece is a panel.
    pieces.clear();
    for_each_product(k, [&](const Gemm& g, const Panels& b) {
      for (Index j = 0; j < b.N; j += cpu.cols) pieces.push_back({&g, b, 0, 0, j, 0});
    });
    for_each_piece(pieces, group, form, [&](const Piece& p) {
      const Index n_k = p.panels.K, N = p.panels.N;
      const View b = form == Form::kNT ? p.g->b.block(0, k, N, n_k) : p.g->b.block(k, 0, n_k, N);
      pack_panel(cpu, p.panels, b, form == Form::kNT, p.j);
    });

    // Multiply: a piece is a tile of C.
    pieces.clear();
    for_each_product(k, [&](const Gemm& g, const Panels& b) {
      for (Index j = 0; j < b.N; j += cpu.tile_cols)  // rows inside: threads share columns of B
        for (Index i = 0; i < g.c.rows; i += rows)
          pieces.push_back(
              {&g, b, i, std::min(rows, g.c.rows - i), j, std::min(cpu.tile_cols, b.N - j)});
    });
    for_each_piece(pieces, group, form, [&](const Piece& p) {
      const Index n_k = p.panels.K;
      const View c = p.g->c.block(p.i, p.j, p.rows, p.cols);
      const View a =
          transposed ? p.g->a.block(k, p.i, n_k, p.rows) : p.g->a.block(p.i, k, p.rows, n_k);
      multiply_tile(cpu, c, a, transposed, p.panels, 0, p.j, accumulate || k > 0);
    });
    k += at_once;
  } while (k < deepest);
}

// The pieces of way 1.
void cut_columns(const GemmInstructions& cpu, std::span<const Gemm> group,
                 std::vector<Piece>& pieces) {
  pieces.clear();
  for (const Gemm& g : group)
    for (Index j = 0; g.c.rows > 0 && j < g.c.cols; j += cpu.tile_cols)
      pieces.push_back({&g, {}, 0, 0, j, std::min(cpu.tile_cols, g.c.cols - j)});
}

// Way 3, for a small C and a long k, as in dW of a narrow layer, where way 2 would have each thread
// read all of B: every `depth` of k becomes a separate product, computed by way 1 into separate
// memory. The results are added in the order of k.
bool worth_cutting_depth(const GemmInstructions& cpu, Form form, std::span<const Gemm> group) {
  if (group.size() != 1 || threads() == 1) return false;
  const Index depths = depth(form, group[0]) / cpu.depth;
  return depths >= 2 * threads() && depths * group[0].c.rows * group[0].c.cols <= kPartialSums;
}

void multiply_depths(Form form, const GemmInstructions& cpu, const Gemm& g,
                     std::vector<Piece>& pieces, bool accumulate) {
  static thread_local Scratch scratch;
  static thread_local std::vector<Gemm> parts_of_thread;
  std::vector<Gemm>& parts = parts_of_thread;
  const View c = g.c, a = g.a, b = g.b;
  const Index K = depth(form, g);
  real* sums = scratch.take((K + cpu.depth - 1) / cpu.depth * c.rows * c.cols);
  parts.clear();
  for (Index k = 0; k < K; k += cpu.depth, sums += c.rows * c.cols) {
    const Index n = std::min(cpu.depth, K - k);
    parts.push_back({{sums, c.rows, c.cols, c.cols},
                     form == Form::kTN ? a.middle_rows(k, n) : a.block(0, k, a.rows, n),
                     form == Form::kNT ? b.block(0, k, b.rows, n) : b.middle_rows(k, n)});
  }
  cut_columns(cpu, parts, pieces);
  for_each_piece(pieces, parts, form,
                 [&](const Piece& p) { multiply_columns(form, cpu, p, /*accumulate=*/false); });
  parallel_for(c.rows, /*grain=*/16, [&](Index i) {
    RowMap sum = c.row(i);
    if (!accumulate) sum.setZero();
    for (const Gemm& part : parts) sum += part.c.row(i);
  });
}

void multiply(Form form, const GemmInstructions& cpu, std::span<const Gemm> group,
              bool accumulate) {
  static thread_local std::vector<Piece> pieces_of_thread;
  std::vector<Piece>& pieces = pieces_of_thread;  // this thread's, whichever thread reads it
  cut_columns(cpu, group, pieces);
  if (Index(pieces.size()) < kTilesPerThread * threads()) {
    if (worth_cutting_depth(cpu, form, group))
      return multiply_depths(form, cpu, group[0], pieces, accumulate);
    return multiply_tiles(form, cpu, group, pieces, accumulate);
  }
  const auto work = [&](const Piece& p) { return p.g->c.rows * p.cols * depth(form, *p.g); };
  // The largest first, so that no thread waits long at the end.
  std::stable_sort(pieces.begin(), pieces.end(),
                   [&](const Piece& p, const Piece& q) { return work(p) > work(q); });
  for_each_piece(pieces, group, form,
                 [&](const Piece& p) { multiply_columns(form, cpu, p, accumulate); });
}

// C = or += A Bᵀ with few rows, as in decoding: a pass over B.
void multiply_few_rows(const GemmInstructions& cpu, const Gemm& g, bool accumulate) {
  const Index width = std::max<Index>(64, kWorthThreads / 2 / std::max<Index>(1, g.a.cols));
  parallel_stripes(g.c.cols, width / 64 * 64, [&](Index j, Index n) {
    cpu.dot(g.c.data + j, g.c.ld, g.c.rows, g.a.data, g.a.ld, g.b.data + j * g.b.ld, g.b.ld, n,
            g.a.cols, accumulate);
  });
}

// Eigen would cut a product among threads of its own where it is not inside a parallel region,
// and otherwise not: other bits for other numbers of threads.
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
  parallel_stripes(g.c.rows, kEigenRows, [&](Index i, Index n) {
    const MatrixMap c = g.c.middle_rows(i, n).matrix(), b = g.b.matrix();
    switch (form) {
      case Form::kNT: return store(c, g.a.middle_rows(i, n).matrix() * b.transpose());
      case Form::kNN: return store(c, g.a.middle_rows(i, n).matrix() * b);
      case Form::kTN: return store(c, g.a.block(0, i, g.a.rows, n).matrix().transpose() * b);
    }
  });
}

void multiply_rounded_by_eigen(Form form, const Gemm& g, bool accumulate) {
  const auto rounded = [](View x) {
    Matrix copy = x.matrix();
    for (real& number : copy.reshaped()) number = real(from_bf16(to_bf16(float(number))));
    return copy;
  };
  const auto view = [](Matrix& x) { return View{x.data(), x.rows(), x.cols(), x.cols()}; };
  Matrix a = rounded(g.a), b = rounded(g.b);
  multiply_by_eigen(form, {g.c, view(a), view(b)}, accumulate);
}

void gemm(Form form, std::span<const Gemm> group, Accumulate accumulate) {
  const bool add = accumulate == Accumulate::kYes, bf16 = products() == Products::kBf16;
  const GemmInstructions* cpu = bf16 ? bf16_instructions() : instructions();
  if (!cpu) {
    for (const Gemm& g : group)
      if (g.c.cols > 0)
        bf16 ? multiply_rounded_by_eigen(form, g, add) : multiply_by_eigen(form, g, add);
  } else if (form == Form::kNT && cpu->dot &&
             std::all_of(group.begin(), group.end(),
                         [](const Gemm& g) { return g.c.rows <= kFewRows; })) {
    for (const Gemm& g : group) multiply_few_rows(*cpu, g, add);
  } else {
    multiply(form, *cpu, group, add);
  }
}

// The same by a B that is there already: panels, or, for Eigen, B itself.
void multiply_part(View c, View a, bool transposed, View b, Index k0, Index j0, bool add) {
  if (const GemmInstructions* cpu = instructions()) {
    multiply_tile(*cpu, c, a, transposed, {b.data, b.rows, b.cols}, k0, j0, add);
  } else {
    const Form form = transposed ? Form::kTN : Form::kNN;
    multiply_by_eigen(form, {c, a, b.block(k0, j0, transposed ? a.rows : a.cols, c.cols)}, add);
  }
}

}  // namespace

PackedMatrix::PackedMatrix(Index k, Index n)
    : numbers({(n + kStep - 1) / kStep * kStep * k}), K(k), N(n) {}

PackedMatrix PackedMatrix::of(View b) {
  const PackedMatrix packed(b.rows, b.cols);
  const View B{packed.numbers.data(), b.rows, b.cols, b.cols};
  const GemmInstructions* cpu = instructions();
  if (!cpu) B.matrix() = b.matrix();
  else
    for (Index j = 0; j < B.cols; j += cpu->cols)
      pack_panel(*cpu, {B.data, B.rows, B.cols}, b, false, j);
  return packed;
}

PackedMatrix PackedMatrix::transposed(View b) {
  const PackedMatrix packed(b.cols, b.rows);
  const View B{packed.numbers.data(), b.cols, b.rows, b.rows};
  const GemmInstructions* cpu = instructions();
  if (!cpu) B.matrix() = b.matrix().transpose();
  else
    for (Index j = 0; j < B.cols; j += cpu->cols)
      pack_panel(*cpu, {B.data, B.rows, B.cols}, b, true, j);
  return packed;
}

void gemm(View c, View a, const PackedMatrix& b, Index k0, Index j0, Accumulate accumulate) {
  multiply_part(c, a, false, {b.numbers.data(), b.K, b.N, b.N}, k0, j0,
                accumulate == Accumulate::kYes);
}
void gemm_t(View c, View a, const PackedMatrix& b, Index k0, Index j0, Accumulate accumulate) {
  multiply_part(c, a, true, {b.numbers.data(), b.K, b.N, b.N}, k0, j0,
                accumulate == Accumulate::kYes);
}

const GemmInstructions* gemm_instructions() { return instructions(); }
const GemmInstructions* set_gemm_instructions(const GemmInstructions* cpu) {
  return std::exchange(instructions(), cpu);
}

void gemm_nt(std::span<const Gemm> group, Accumulate accumulate) {
  gemm(Form::kNT, group, accumulate);
}
void gemm_nn(std::span<const Gemm> group, Accumulate accumulate) {
  gemm(Form::kNN, group, accumulate);
}
void gemm_tn(std::span<const Gemm> group, Accumulate accumulate) {
  gemm(Form::kTN, group, accumulate);
}

void gemm_nt(View c, View a, View b, Accumulate accumulate) {
  gemm_nt(std::array{Gemm{c, a, b}}, accumulate);
}
void gemm_nn(View c, View a, View b, Accumulate accumulate) {
  gemm_nn(std::array{Gemm{c, a, b}}, accumulate);
}
void gemm_tn(View c, View a, View b, Accumulate accumulate) {
  gemm_tn(std::array{Gemm{c, a, b}}, accumulate);
}

}  // namespace seekling
