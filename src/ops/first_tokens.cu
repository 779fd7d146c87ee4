// The first n tokens of each sequence on a GPU, as in first_tokens.cpp.
#include "cuda/pack.h"
#include "ops/first_tokens.h"

namespace seekling {

using namespace cuda;

namespace {

template <bool kAligned>
__global__ void first_tokens_forward_kernel(View y, View x, Index T, Index n) {
  each_pack(y, [&](Index r, Index j) {
    store<kAligned>(y, r, j, load<kAligned>(x, r / n * T + r % n, j));
  });
}

template <bool kAligned>
__global__ void first_tokens_backward_kernel(View dx, View dy, Index T, Index n) {
  each_pack(dy, [&](Index r, Index j) {
    store_or_add<kAligned>(dx, r / n * T + r % n, j, load<kAligned>(dy, r, j), true);
  });
}

}  // namespace

void cuda::first_tokens_forward(View y, View x, Index T, Index n) {
  launch_packs(
      y, aligned({y, x}) ? first_tokens_forward_kernel<true> : first_tokens_forward_kernel<false>,
      y, x, T, n);
}

void cuda::first_tokens_backward(View dx, View dy, Index T, Index n) {
  launch_packs(
      dy,
      aligned({dx, dy}) ? first_tokens_backward_kernel<true> : first_tokens_backward_kernel<false>,
      dx, dy, T, n);
}

}  // namespace seekling
