// Embedding: y_t = E[id_t]                                          ids [B,T]   E [V,D]   y [B,T,D]
// DeepSeek does not scale by √D. Backward: dE[id] = Σ dy_t over all t with id_t = id.
// Several t share a row of dE, so a thread owns a stripe of columns and loops over all t in order:
// the same sums for any number of threads.
#include "ops/embedding.h"

#include <vector>

#include "core/check.h"
#include "core/parallel.h"
#include "tensor/tape.h"

namespace seekling {

void cpu::embedding_forward(View y, View E, std::span<const std::int32_t> ids) {
  parallel_for(y.rows, /*grain=*/64, [=](Index t) { y.row(t) = E.row(ids[std::size_t(t)]); });
}

void cpu::embedding_backward(View dE, View dy, std::span<const std::int32_t> ids) {
  parallel_stripes(dy.cols, /*width=*/64, [=](Index j, Index n) {
    for (Index t = 0; t < dy.rows; ++t)
      dE.row(ids[std::size_t(t)]).segment(j, n) += dy.row(t).segment(j, n);
  });
}

Tensor embedding(std::span<const std::int32_t> ids, const Tensor& table, Index B, Index T) {
  check(Index(ids.size()) == B * T, "embedding: found ", ids.size(), " ids for a batch of [", B,
        ", ", T, "]");
  for (const std::int32_t id : ids)
    check(id >= 0 && id < table.dim(0), "embedding: token id ", id,
          " is outside the vocabulary of ", table.dim(0), " (ids 0 to ", table.dim(0) - 1,
          "): tokenizer and model do not belong together");
  const Tensor y({B, T, table.cols()}, table.device());
  on(table.device(), cpu::embedding_forward, cuda::embedding_forward)(y, table, ids);
  record("embedding", {table}, {y},
         [table, dy = y.grad(), ids = std::vector<std::int32_t>(ids.begin(), ids.end())] {
           on(table.device(), cpu::embedding_backward, cuda::embedding_backward)(table.grad(), dy,
                                                                                 ids);
         });
  return y;
}

}  // namespace seekling
