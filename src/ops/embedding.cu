// Embedding on a GPU, as in embedding.cpp. For the gradient the CPU sorts the tokens by id, so that
// each row of dE has one owner, which adds its tokens in order: no atomics, always the same bits.
#include <algorithm>
#include <numeric>
#include <vector>

#include "cuda/pack.h"
#include "ops/embedding.h"
#include "tensor/ints.h"

namespace seekling {

using namespace cuda;

namespace {

template <bool kAligned>
__global__ void embedding_forward_kernel(View y, View E, const std::int32_t* ids) {
  each_pack(y, [&](Index t, Index j) { store<kAligned>(y, t, j, load<kAligned>(E, ids[t], j)); });
}

// A block owns a stripe of columns (y) of the row of an id (x), a thread one pack of it.
// The tokens tokens[begin[x]] .. tokens[begin[x+1] - 1] have this id.
template <bool kAligned>
__global__ void embedding_backward_kernel(View dE, View dy, const std::int32_t* ids,
                                          const std::int32_t* tokens, const std::int32_t* begin) {
  const Index first = begin[blockIdx.x], end = begin[blockIdx.x + 1];
  const Index j = (Index(blockIdx.y) * blockDim.x + threadIdx.x) * kPack;
  if (j >= dE.cols) return;
  Pack sum = {};
  for (Index n = first; n < end; ++n) {
    const Pack d = load<kAligned>(dy, tokens[n], j);
    for (int k = 0; k < kPack; ++k) sum[k] += d[k];
  }
  store_or_add<kAligned>(dE, ids[tokens[first]], j, sum, true);
}

}  // namespace

void cuda::embedding_forward(View y, View E, std::span<const std::int32_t> ids) {
  const Ints there(ids, Device::kCuda);
  launch_packs(y,
               aligned({y, E}) ? embedding_forward_kernel<true> : embedding_forward_kernel<false>,
               y, E, there.data());
}

void cuda::embedding_backward(View dE, View dy, std::span<const std::int32_t> ids) {
  if (ids.empty()) return;
  std::vector<std::int32_t> tokens(ids.size()), begin;
  std::iota(tokens.begin(), tokens.end(), 0);
  const auto id = [&](std::size_t n) { return ids[std::size_t(tokens[n])]; };
  std::stable_sort(tokens.begin(), tokens.end(), [&](std::int32_t a, std::int32_t b) {
    return ids[std::size_t(a)] < ids[std::size_t(b)];
  });
  for (std::size_t n = 0; n < tokens.size(); ++n)
    if (n == 0 || id(n) != id(n - 1)) begin.push_back(std::int32_t(n));
  const Index rows = Index(begin.size());
  begin.push_back(std::int32_t(tokens.size()));

  const Ints ids_there(ids, Device::kCuda), tokens_there(tokens, Device::kCuda),
      begin_there(begin, Device::kCuda);
  constexpr unsigned kThreads = 64;
  const Index stripes = (dE.cols + kThreads * kPack - 1) / (kThreads * kPack);
  launch(aligned({dE, dy}) ? embedding_backward_kernel<true> : embedding_backward_kernel<false>,
         dim3(unsigned(rows), unsigned(stripes)), kThreads, dE, dy, ids_there.data(),
         tokens_there.data(), begin_there.data());
}

}  // namespace seekling
