// Sum on a GPU, as in add.cpp.
#include "cuda/pack.h"
#include "ops/add.h"

namespace seekling {

using namespace cuda;

namespace {

template <bool kAligned>
__global__ void add_forward_kernel(View y, View a, View b) {
  each_pack(y, [&](Index i, Index j) {
    const Pack left = load<kAligned>(a, i, j), right = load<kAligned>(b, i, j);
    store<kAligned>(y, i, j, with_each([&](int n) { return left[n] + right[n]; }));
  });
}

template <bool kAligned>
__global__ void add_backward_kernel(View dx, bool add, View dy) {
  each_pack(dx, [&](Index i, Index j) {
    store_or_add<kAligned>(dx, i, j, load<kAligned>(dy, i, j), add);
  });
}

}  // namespace

void cuda::add_forward(View y, View a, View b) {
  launch_packs(y, aligned({y, a, b}) ? add_forward_kernel<true> : add_forward_kernel<false>, y, a,
               b);
}

void cuda::add_backward(View dx, Accumulate into, View dy) {
  launch_packs(dx, aligned({dx, dy}) ? add_backward_kernel<true> : add_backward_kernel<false>, dx,
               into == Accumulate::kYes, dy);
}

}  // namespace seekling
