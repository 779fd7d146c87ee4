// The path through the experts on a GPU, as in dispatch.cpp. Only the device knows how many rows
// each expert has, and the host does not wait for that number: grids are sized for the worst case,
// and blocks without rows return at once.
#include "cuda/block.h"
#include "cuda/launch.h"
#include "cuda/matrix_units.h"
#include "cuda/parts.h"
#include "experts/dispatch.h"
#include "matmul/gemm.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr int kChunk = 256;    // choices per counting block, one per thread
constexpr int kThreads = 128;  // threads per block that moves rows

// --- the sorting ---------------------------------------------------------------------------------
// A counting sort in four steps: (1) count each chunk of choices by expert; (2) for each expert,
// sum the counts over earlier chunks; (3) turn the experts' totals into their first rows; (4) place
// each choice at its expert's first row, plus the expert's choices in earlier chunks, plus those
// before it in its own chunk. The counts are integers, so the order of additions does not matter.

// A block owns a chunk and its counts [E].
__global__ void count_choices_kernel(std::int32_t* counts, const std::int32_t* experts,
                                     const std::int32_t* dropped, Index choices, Index E) {
  std::int32_t* mine = counts + blockIdx.x * E;
  for (Index e = threadIdx.x; e < E; e += blockDim.x) mine[e] = 0;
  __syncthreads();
  const Index choice = Index(blockIdx.x) * kChunk + threadIdx.x;
  if (choice < choices && !(dropped && dropped[choice])) atomicAdd(&mine[experts[choice]], 1);
}

// A warp owns an expert e: counts[chunk][e] becomes the number of its choices in earlier chunks,
// and begin[e + 1] its total.
__global__ void add_up_chunks_kernel(std::int32_t* counts, std::int32_t* begin, Index chunks,
                                     Index E) {
  const Index e = blockIdx.x;
  std::int32_t before = 0;
  for (Index chunk0 = 0; chunk0 < chunks; chunk0 += 32) {
    const Index chunk = chunk0 + threadIdx.x;
    const std::int32_t n = chunk < chunks ? counts[chunk * E + e] : 0, sum = warp_scan(n);
    if (chunk < chunks) counts[chunk * E + e] = before + sum - n;
    before += __shfl_sync(0xffffffffu, sum, 31);
  }
  if (threadIdx.x == 0) begin[e + 1] = before;
}

// One warp for all experts: prefix sums turn totals into first rows (begin) and first tiles of rows
// (first_tile).
__global__ void add_up_experts_kernel(std::int32_t* begin, std::int32_t* first_tile, Index E) {
  std::int32_t rows = 0, tiles = 0;
  for (Index e0 = 0; e0 < E; e0 += 32) {
    const Index e = e0 + threadIdx.x;
    const std::int32_t n = e < E ? begin[e + 1] : 0, row_sum = warp_scan(n),
                       tile_sum = warp_scan((n + kWide - 1) / kWide);
    if (e < E) begin[e + 1] = rows + row_sum, first_tile[e + 1] = tiles + tile_sum;
    rows += __shfl_sync(0xffffffffu, row_sum, 31);
    tiles += __shfl_sync(0xffffffffu, tile_sum, 31);
  }
  if (threadIdx.x == 0) begin[0] = first_tile[0] = 0;
}

// A block owns a chunk of choices, a thread one choice: its row, and the token of that row.
__global__ void place_choices_kernel(std::int32_t* row, std::int32_t* token,
                                     const std::int32_t* counts, const std::int32_t* begin,
                                     const std::int32_t* experts, const std::int32_t* dropped,
                                     Index choices, Index E, Index K) {
  SHARED_ARRAY(std::int32_t, expert, [kChunk]);
  const Index choice = Index(blockIdx.x) * kChunk + threadIdx.x;
  const bool goes = choice < choices && !(dropped && dropped[choice]);
  const std::int32_t e = goes ? experts[choice] : -1;
  expert[threadIdx.x] = e;
  __syncthreads();
  if (choice < choices) row[choice] = Plan::kDropped;
  if (!goes) return;
  std::int32_t r = begin[e] + counts[blockIdx.x * E + e];
  for (unsigned i = 0; i < threadIdx.x; ++i) r += expert[i] == e;
  row[choice] = r;
  token[r] = std::int32_t(choice / K);
}

// --- rows to and from the experts ----------------------------------------------------------------

// A block owns a row of xs.
__global__ void dispatch_forward_kernel(View xs, View x, const std::int32_t* token,
                                        const std::int32_t* rows) {
  const Index r = blockIdx.x;
  if (r >= *rows) return;
  const Index t = token[r];
  for (Index j = threadIdx.x; j < x.cols; j += blockDim.x) xs(r, j) = x(t, j);
}

// A block owns a token's row of dx.
__global__ void dispatch_backward_kernel(View dx, View dxs, const std::int32_t* row, Index K) {
  const Index t = blockIdx.x;
  for (Index j = threadIdx.x; j < dx.cols; j += blockDim.x) {
    real sum = dx(t, j);
    for (Index k = 0; k < K; ++k)
      if (const Index r = row[t * K + k]; r != Plan::kDropped) sum += dxs(r, j);
    dx(t, j) = sum;
  }
}

// A block owns a token's row of the output.
__global__ void combine_forward_kernel(View out, View y, View g, const std::int32_t* row) {
  const Index t = blockIdx.x, K = g.cols;
  for (Index j = threadIdx.x; j < out.cols; j += blockDim.x) {
    real sum = 0;
    for (Index k = 0; k < K; ++k)
      if (const Index r = row[t * K + k]; r != Plan::kDropped) sum += g(t, k) * y(r, j);
    out(t, j) = sum;
  }
}

// A block owns a choice: the gradients of its gate and of its row, which belongs to no other
// choice.
__global__ void combine_backward_kernel(View dy, bool add, View dg, View d_out, View y, View g,
                                        const std::int32_t* row) {
  const Index t = blockIdx.x / g.cols, k = blockIdx.x % g.cols, r = row[blockIdx.x];
  if (r == Plan::kDropped) return;
  const real gate = g(t, k);
  real product = 0;
  for (Index j = threadIdx.x; j < y.cols; j += blockDim.x) {
    const real d = d_out(t, j);
    product += d * y(r, j);
    dy(r, j) = (add ? dy(r, j) : real(0)) + gate * d;
  }
  product = block_sum(product);
  if (threadIdx.x == 0) dg(t, k) += product;
}

// --- the experts' linear layers ------------------------------------------------------------------

template <class Format>
using WideTile = Tile<Format, /*words=*/16 / Format::kPerWord, kWide>;

// A block owns a tile of c (+)= a Wᵀ, or of a W if W is not read by kRows: rows of one expert (y),
// columns (x). W [E·n, m].
template <class Format, From kW, bool kAligned>
__global__ void __launch_bounds__(kTileThreads, 2)
    grouped_rows_kernel(View c, bool add, View a, View W, const std::int32_t* begin,
                        const std::int32_t* first_tile, Index E) {
  SHARED_ARRAY(WideTile<Format>, left, [2]);
  SHARED_ARRAY(WideTile<Format>, right, [2]);
  const Index tile = blockIdx.y, j0 = Index(blockIdx.x) * kWide;
  if (tile >= first_tile[E]) return;
  const Index e = owner_of(first_tile, E, tile), i0 = begin[e] + (tile - first_tile[e]) * kWide,
              n = W.rows / E;
  const auto first_rows = [&](const View& x) { return View{x.data, begin[e + 1], x.cols, x.ld}; };
  SumsOf<Format, kWide> sums;
  multiply_add<From::kRows, kW>(sums, left, right, Packs<kAligned>(first_rows(a)), int(i0),
                                Packs<kAligned>(W.middle_rows(e * n, n)), int(j0), 0, int(a.cols));
  store_or_add(first_rows(c), i0, j0, sums, add);
}

// A block owns a tile of dW_e (+)= dyᵀ x, of expert z: rows are outputs (y), columns inputs (x).
// Sums go over e's rows.
template <class Format, bool kAligned>
__global__ void __launch_bounds__(kTileThreads, 2)
    grouped_weights_kernel(View dW, bool add, View dy, View x, const std::int32_t* begin) {
  SHARED_ARRAY(WideTile<Format>, left, [2]);
  SHARED_ARRAY(WideTile<Format>, right, [2]);
  const Index e = blockIdx.z, i0 = Index(blockIdx.y) * kWide, j0 = Index(blockIdx.x) * kWide;
  if (add && begin[e] == begin[e + 1]) return;
  const auto first_rows = [&](const View& of) {
    return Packs<kAligned>(View{of.data, begin[e + 1], of.cols, of.ld});
  };
  SumsOf<Format, kWide> sums;
  multiply_add<From::kColumns, From::kColumns>(sums, left, right, first_rows(dy), int(i0),
                                               first_rows(x), int(j0), begin[e], begin[e + 1]);
  store_or_add(dW.middle_rows(e * dy.cols, dy.cols), i0, j0, sums, add);
}

// For few rows, as in decoding one token: tiles would be mostly empty, and each weight is used for
// one row only, so memory bandwidth is the limit. A warp owns one element of y; a block has row y
// and 8 columns (x).
constexpr Index kFewRows = 64;
constexpr unsigned kWarps = 8;

template <bool kAligned>
__global__ void grouped_few_rows_kernel(View y, View x, View W, const std::int32_t* begin,
                                        Index E) {
  const Index r = blockIdx.y, j = blockIdx.x * kWarps + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (r >= begin[E] || j >= y.cols) return;
  const Index e = owner_of(begin, E, r);
  real sum = 0;
  UNROLL for (Index k = lane * kPack; k < x.cols; k += 32 * kPack) {
    const Pack w = load<kAligned>(W, e * y.cols + j, k), x_k = load<kAligned>(x, r, k);
    UNROLL for (int n = 0; n < kPack; ++n) sum += w[n] * x_k[n];
  }
  sum = warp_sum(sum);
  if (lane == 0) y(r, j) = sum;
}

unsigned tiles(Index n) { return unsigned((n + kWide - 1) / kWide); }

// c (+)= a Wᵀ, or a W. Each expert may end in a partial tile; this bounds the number of tiles.
// Operands that are not whole packs use the exact (fp32) kernel.
template <From kW>
void grouped_rows(View c, Accumulate accumulate, View a, View W, const Plan& plan) {
  const Index R = plan.token.size(), E = plan.begin.size() - 1;
  if (R == 0) return;
  const dim3 grid(tiles(c.cols), unsigned(R / kWide + std::min(R, E)));
  auto* kernel = grouped_rows_kernel<Exact, kW, false>;
  if (aligned({a, W}))
    with_format([&](auto format) {
      kernel = grouped_rows_kernel<typename decltype(format)::type, kW, true>;
    });
  launch(kernel, grid, kTileThreads, c, accumulate == Accumulate::kYes, a, W, plan.begin.data(),
         plan.first_tile.data(), E);
}

}  // namespace

void cuda::sort_by_expert(const Plan& plan, const Routing& routing, const Ints& dropped) {
  const Index choices = plan.row.size(), E = plan.begin.size() - 1,
              chunks = (choices + kChunk - 1) / kChunk;
  const Ints counts = Ints(chunks * E, Device::kCuda);
  const std::int32_t *experts = routing.experts.data(), *left_out = dropped.data();
  if (chunks > 0)
    launch(count_choices_kernel, unsigned(chunks), kChunk, counts.data(), experts, left_out,
           choices, E);
  launch(add_up_chunks_kernel, unsigned(E), 32, counts.data(), plan.begin.data(), chunks, E);
  launch(add_up_experts_kernel, 1, 32, plan.begin.data(), plan.first_tile.data(), E);
  if (chunks > 0)
    launch(place_choices_kernel, unsigned(chunks), kChunk, plan.row.data(), plan.token.data(),
           counts.data(), plan.begin.data(), experts, left_out, choices, E, plan.K);
}

void cuda::dispatch_forward(View xs, View x, const Plan& plan) {
  if (xs.rows == 0) return;
  launch(dispatch_forward_kernel, unsigned(xs.rows), kThreads, xs, x, plan.token.data(),
         plan.begin.data() + plan.begin.size() - 1);
}

void cuda::dispatch_backward(View dx, View dxs, const Plan& plan) {
  if (dx.rows > 0)
    launch(dispatch_backward_kernel, unsigned(dx.rows), kThreads, dx, dxs, plan.row.data(), plan.K);
}

void cuda::grouped_linear_forward(View y, View x, View W, const Plan& plan) {
  const Index R = plan.token.size(), E = plan.begin.size() - 1;
  if (R > kFewRows || products() != Products::kFp32)
    return grouped_rows<From::kRows>(y, Accumulate::kNo, x, W, plan);
  const dim3 grid(unsigned((y.cols + kWarps - 1) / kWarps), unsigned(R));
  if (R > 0)
    launch(aligned({x, W}) ? grouped_few_rows_kernel<true> : grouped_few_rows_kernel<false>, grid,
           kWarps * 32, y, x, W, plan.begin.data(), E);
}

void cuda::grouped_linear_to_W(View dW, Accumulate into, View dy, View x, const Plan& plan) {
  const Index E = plan.begin.size() - 1;
  auto* kernel = grouped_weights_kernel<Exact, false>;
  if (aligned({dy, x}))
    with_format([&](auto format) {
      kernel = grouped_weights_kernel<typename decltype(format)::type, true>;
    });
  launch(kernel, dim3(tiles(x.cols), tiles(dy.cols), unsigned(E)), kTileThreads, dW,
         into == Accumulate::kYes, dy, x, plan.begin.data());
}

void cuda::grouped_linear_to_x(View dx, Accumulate into, View dy, View W, const Plan& plan) {
  grouped_rows<From::kColumns>(dx, into, dy, W, plan);
}

void cuda::combine_forward(View out, View y, View g, const Plan& plan) {
  if (out.rows > 0)
    launch(combine_forward_kernel, unsigned(out.rows), kThreads, out, y, g, plan.row.data());
}

void cuda::combine_backward(View dy, Accumulate into_y, View dg, View d_out, View y, View g,
                            const Plan& plan) {
  const Index choices = plan.row.size();
  if (choices > 0)
    launch(combine_backward_kernel, unsigned(choices), kThreads, dy, into_y == Accumulate::kYes, dg,
           d_out, y, g, plan.row.data());
}

}  // namespace seekling
