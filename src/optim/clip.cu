// The gradients' norm on a GPU. Squares are summed in `real` over the few elements of a thread, and
// these sums in double, always in the same order.
#include <cmath>

#include "cuda/block.h"
#include "cuda/pack.h"
#include "cuda/parts.h"
#include "optim/clip.h"

namespace seekling {

using namespace cuda;

namespace {

struct Gradient {
  real* g;
  Index n;
};

template <bool kAligned>
__device__ real sum_of_squares(const Part<Gradient>& part) {
  const View g{part.array.g + part.begin, 1, part.n, part.n};
  real sum = 0;
  each_pack_of_row(part.n, [&](Index j, int) {
    for (const real x : load<kAligned>(g, 0, j).of) sum += x * x;
  });
  return sum;
}

// A block owns a part of a gradient, and its sum.
__global__ void sum_parts_kernel(double* sums, PartFinder<Gradient> finder) {
  const Part<Gradient> part = finder.part(blockIdx.x);
  const bool aligned = in_packs(part.array.g, part.n);
  const double sum =
      block_sum(double(aligned ? sum_of_squares<true>(part) : sum_of_squares<false>(part)));
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// One block.
__global__ void add_up_kernel(double* total, const double* sums, Index n) {
  double sum = 0;
  for (Index i = threadIdx.x; i < n; i += blockDim.x) sum += sums[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *total = sum;
}

}  // namespace

double cuda::gradient_norm(std::span<const Tensor> parameters) {
  std::vector<Gradient> gradients;
  for (const Tensor& p : parameters)
    if (p.has_grad()) gradients.push_back({p.grad().data(), p.size()});
  const Parts<Gradient> parts{std::span<const Gradient>(gradients)};
  if (parts.size() == 0) return 0;
  const GpuArray<double> sums(std::size_t(parts.size())), total(1);
  launch(sum_parts_kernel, unsigned(parts.size()), kPackThreads, sums.data(), parts.finder());
  launch(add_up_kernel, 1, kPackThreads, total.data(), sums.data(), parts.size());
  return std::sqrt(total.front());
}

}  // namespace seekling
