#include "quant/packed.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/check.h"
#include "core/half.h"
#include "core/parallel.h"
#include "quant/kernel.h"

namespace seekling {

namespace {

constexpr Index kRowsAPiece = 48;         // rows of x that use a panel while it is in the L1 cache
constexpr Index kBytesAPiece = 1 << 15;   // bytes of panels: small pieces balance the threads
constexpr Index kWorthThreads = 1 << 15;  // multiply-adds; fewer take less time than waking threads

Index round_up(Index n, Index to) { return (n + to - 1) / to * to; }

void pack_floats(std::byte* panel, View W, Index first, Index rows) {
  real* to = reinterpret_cast<real*>(panel);
  for (Index k = 0; k < W.cols; ++k)
    for (Index c = 0; c < rows; ++c) to[k * kPanel + c] = W(first + c, k);
}

void pack_bf16(std::byte* panel, View W, Index first, Index rows) {
  auto* to = reinterpret_cast<std::uint16_t*>(panel);
  for (Index k = 0; k < W.cols; ++k)
    for (Index c = 0; c < rows; ++c)
      to[(k / 2 * kPanel + c) * 2 + k % 2] = to_bf16(float(W(first + c, k)));
}

// kernel.h says where a block's scales and bytes go. Outputs beyond the last have d = 0.
void pack_blocks(std::byte* panel, View W, Index first, Index rows, bool int4) {
  const Index bytes = kPanel * (2 + (int4 ? kBlock / 2 : kBlock));
  for (Index b = 0; b * kBlock < W.cols; ++b)
    for (Index c = 0; c < rows; ++c) {
      auto* d = reinterpret_cast<std::uint16_t*>(panel + b * bytes);
      auto* q = reinterpret_cast<std::uint8_t*>(panel + b * bytes + 2 * kPanel);
      const real* x = W.data + (first + c) * W.ld + b * kBlock;
      const Index n = std::min(kBlock, W.cols - b * kBlock);
      if (int4) {
        const BlockInt4 block = to_int4(x, n);
        d[c] = block.d;
        for (Index i = 0; i < kBlock / 2; ++i) q[(i / 4 * kPanel + c) * 4 + i % 4] = block.q[i];
      } else {
        const BlockInt8 block = to_int8(x, n);
        d[c] = block.d;
        for (Index i = 0; i < kBlock; ++i)
          q[(i / 4 * kPanel + c) * 4 + i % 4] = std::uint8_t(block.q[i] + 128);
      }
    }
}

// The rows of x of a group, in the form that the kernels of a format need. Each thread keeps this
// memory from call to call.
struct Rows {
  std::vector<std::uint16_t> bf16;
  std::vector<std::int8_t> q;
  std::vector<float> scale;
  std::vector<std::int32_t> sum;

  void make_room(Format format, Index rows, Index K) {
    if (format == Format::kBF16) bf16.resize(size_t(rows * K));
    if (format == Format::kInt8 || format == Format::kInt4) {
      q.resize(size_t(rows * K));
      scale.resize(size_t(rows * K / kBlock));
      sum.resize(scale.size());
    }
  }
  void set(Format format, Index row, Index K, const real* x, Index n) {
    if (format == Format::kBF16)
      for (Index k = 0; k < K; ++k)
        bf16[size_t(row * K + k)] = k < n ? to_bf16(float(x[k])) : std::uint16_t(0);
    else
      kernel().to_int8(&q[size_t(row * K)], &scale[size_t(row * K / kBlock)],
                       &sum[size_t(row * K / kBlock)], x, n, K);
  }
  Operand from(Format format, Index row, Index K) const {
    const Index n = row * K, blocks = K / kBlock;
    if (format == Format::kBF16) return {nullptr, bf16.data() + n, nullptr, nullptr, nullptr, K, 0};
    return {nullptr, nullptr, q.data() + n, scale.data() + row * blocks, sum.data() + row * blocks,
            K,       blocks};
  }
};

struct Piece {
  const PackedProduct* product;
  Operand x;
  Index row, rows, panel, panels;
};

}  // namespace

Packed::Packed(Format f, const std::vector<View>& matrices)
    : format(f), count(Index(matrices.size())), out(matrices.at(0).rows), in(matrices[0].cols) {
  lines.resize(size_t(count * panels() * panel_bytes()) / sizeof(Line));
  for (const View& W : matrices)
    check(W.rows == out && W.cols == in, "Packed: a stack of [", out, ", ", in, "] holds one of [",
          W.rows, ", ", W.cols, "]");
  parallel_for(count * panels(), 1, [&](Index i) {
    const View& W = matrices[size_t(i / panels())];
    const Index p = i % panels(), first = p * kPanel, rows = std::min(kPanel, out - first);
    auto* to = reinterpret_cast<std::byte*>(lines.data()) + i * panel_bytes();
    if (format == Format::kF32) pack_floats(to, W, first, rows);
    else if (format == Format::kBF16) pack_bf16(to, W, first, rows);
    else pack_blocks(to, W, first, rows, format == Format::kInt4);
  });
}

static std::vector<View> matrices_of(const Tensor& W) {
  if (W.shape().count() == 2) return {W.view()};
  std::vector<View> matrices;
  for (Index i = 0; i < W.dim(0); ++i)
    matrices.push_back(W.view().middle_rows(i * W.dim(1), W.dim(1)));
  return matrices;
}

Packed::Packed(Format f, const Tensor& W) : Packed(f, matrices_of(W)) {}

Index Packed::panels() const { return (out + kPanel - 1) / kPanel; }

Index Packed::panel_bytes() const {
  const Index K = round_up(in, format == Format::kF32 ? 1 : kBlock);
  return kPanel * row_bytes(format, K);
}

const std::byte* Packed::panel(Index matrix, Index p) const {
  return reinterpret_cast<const std::byte*>(lines.data()) + (matrix * panels() + p) * panel_bytes();
}

void multiply(std::span<const PackedProduct> group) {
  static thread_local Rows rows_of_thread;
  static thread_local std::vector<Piece> pieces_of_thread;
  if (group.empty()) return;
  const Instructions& cpu = kernel();
  const Format format = group[0].w->format;
  Rows& rows = rows_of_thread;
  std::vector<Piece>& pieces = pieces_of_thread;
  pieces.clear();

  // Are the products large enough for several threads?
  Index all = 0, work = 0;
  const Index K = round_up(group[0].w->in, kBlock);
  for (const PackedProduct& p : group) {
    all += p.x.rows;
    work += p.x.rows * p.w->out * p.w->in;
  }
  const bool threads_pay = work >= kWorthThreads;

  // Convert the rows of x to the format of the weights, and cut each product into pieces.
  if (format != Format::kF32) rows.make_room(format, all, K);
  for (Index done = 0; const PackedProduct& p : group) {
    if (format != Format::kF32)
      parallel_for(p.x.rows, 32, [&](Index i) {
        rows.set(format, done + i, K, p.x.data + i * p.x.ld, p.x.cols);
      });
    Operand x{p.x.data, nullptr, nullptr, nullptr, nullptr, p.x.ld, 0};
    if (format != Format::kF32) x = rows.from(format, done, K);
    const Index panels = std::max<Index>(1, kBytesAPiece / p.w->panel_bytes());
    for (Index j = 0; j < p.w->panels(); j += panels)
      for (Index i = 0; i < p.x.rows; i += kRowsAPiece)
        pieces.push_back({&p, x, i, std::min(kRowsAPiece, p.x.rows - i), j,
                          std::min(panels, p.w->panels() - j)});
    done += p.x.rows;
  }

  // Multiply: a piece is some rows of x and some panels of W, and writes its own part of y.
  const Index at_a_time = cpu.rows[int(format)];
  auto* const product = cpu.multiply[int(format)];
  parallel_for(Index(pieces.size()), threads_pay ? 1 : std::max<Index>(1, Index(pieces.size())),
               [&](Index i) {
                 const Piece& piece = pieces[size_t(i)];
                 const auto& [y, x, w, matrix] = *piece.product;
                 for (Index j = piece.panel; j < piece.panel + piece.panels; ++j)
                   for (Index r = piece.row; r < piece.row + piece.rows; r += at_a_time)
                     product(y.data + r * y.ld + j * kPanel, y.ld,
                             std::min(at_a_time, piece.row + piece.rows - r),
                             std::min(kPanel, w->out - j * kPanel), piece.x, r, w->panel(matrix, j),
                             w->in);
               });
}

void multiply(View y, View x, const Packed& w) { multiply(std::array{PackedProduct{y, x, &w}}); }

Tensor linear(const Tensor& x, const Packed& w) {
  Shape shape = x.shape();
  shape.back() = w.out;
  const Tensor y(shape);
  multiply(y, x, w);
  return y;
}

}  // namespace seekling
