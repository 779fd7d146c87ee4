// What kernels ask of memory is counted as a GPU would move it. Without nvcc only.
#include "cuda/counters.h"

#include <gtest/gtest.h>

#include "tensor/tensor.h"

namespace seekling {

namespace {

using emulation::Counted, emulation::CountedView, emulation::Counts, emulation::Memory;

// Thread x owns y(x, 0), or y(0, x) if `across`.
template <class N>
__global__ void add_kernel(Memory<N> y, Memory<N> a, Memory<N> b, bool across) {
  const Index n = Index(blockIdx.x) * blockDim.x + threadIdx.x, i = across ? 0 : n,
              j = across ? n : 0;
  y(i, j) = a(i, j) + b(i, j);
}

Counts count(Shape shape, unsigned blocks, bool across) {
  Rng rng(1);
  const Tensor a = Tensor::randn(shape, rng), b = Tensor::randn(shape, rng),
               y = Tensor::zeros(shape);
  const CountedView A = {a.view()}, B = {b.view()}, Y = {y.view()};
  const Counts c =
      emulation::counted([&] { cuda::launch(add_kernel<Counted>, blocks, 32, Y, A, B, across); });
  const Tensor plain = Tensor::zeros(shape);
  cuda::launch(add_kernel<real>, blocks, 32, plain.view(), a.view(), b.view(), across);
  EXPECT_EQ(y.view().matrix(), plain.view().matrix());
  return c;
}

constexpr Index kInASector = 32 / sizeof(real);

TEST(Counters, NeighboursShareSectors) {
  const Counts c = count({1, 64}, 2, /*across=*/true);
  EXPECT_EQ(c.loads, 128);
  EXPECT_EQ(c.stores, 64);
  EXPECT_EQ(c.operations, 64);
  EXPECT_EQ(c.sectors, 3 * 64 / kInASector);
}

TEST(Counters, RowsOfTheirOwnTakeASectorEach) {
  const Counts c = count({64, kInASector}, 2, /*across=*/false);
  EXPECT_EQ(c.loads, 128);
  EXPECT_EQ(c.sectors, 3 * 64);
}

template <class N>
__global__ void read_first_kernel(Memory<N> y, Memory<N> x) {
  const N first = x(0, 0);
  if (threadIdx.x == 0) y(0, 0) = first;
}

TEST(Counters, AWarpThatReadsOneNumberTakesOneSectorInEveryLaunch) {
  const Tensor x = Tensor::zeros({1, 1}), y = Tensor::zeros({1, 1});
  const CountedView X = {x.view()}, Y = {y.view()};
  const Counts c = emulation::counted([&] {  // blocks of several sizes, each block 0 of its grid
    for (const unsigned threads : {32, 256, 64})
      cuda::launch(read_first_kernel<Counted>, 1, threads, Y, X);
  });
  EXPECT_EQ(c.loads, 32 + 256 + 64);
  EXPECT_EQ(c.sectors, (1 + 8 + 2) + 3);
}

TEST(Counters, OutsideOfCountedNothingIsCounted) {
  const Tensor x = Tensor::zeros({1, 1}), y = Tensor::zeros({1, 1});
  const CountedView X = {x.view()}, Y = {y.view()};
  cuda::launch(read_first_kernel<Counted>, 1, 32, Y, X);
  EXPECT_EQ(emulation::counted([] {}).loads, 0);
}

}  // namespace

}  // namespace seekling
