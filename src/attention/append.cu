// Appending to a cache on a GPU. In a recording, each time the rows go behind
// those of the time before.
#include "attention/append.h"
#include "cuda/pack.h"
#include "tensor/recording.h"

namespace seekling {

using namespace cuda;

namespace {

template <bool kAligned>
__global__ void append_rows_kernel(View held, View fresh, Index row, const std::int32_t* plays) {
  const Index first = row + times(plays) * fresh.rows;
  each_pack(fresh, [&](Index i, Index j) {
    store<kAligned>(held, first + i, j, load<kAligned>(fresh, i, j));
  });
}

}  // namespace

void cuda::append_rows(View held, View fresh, Index row) {
  launch_packs(fresh, aligned({held, fresh}) ? append_rows_kernel<true> : append_rows_kernel<false>,
               held, fresh, row, Recording::plays());
}

}  // namespace seekling
