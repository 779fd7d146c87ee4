// DeepSeek-V3.2 (arXiv:2512.02556) §2 as a table of contents. Against V3: an indexer in every layer,
// also in the blocks of multi-token prediction, chooses the keys that attention sees.
#include "experts/moe.h"
#include "model/block.h"
#include "model/versions.h"
#include "sparse/sparse_mla.h"

namespace seekling {

// clang-format off
std::unique_ptr<Layer> deepseek_v32(const Config& c, Index i) {
  return std::make_unique<Block>(c,                       // as in V2
      std::make_unique<SparseMLA>(c),                     // §2.1 DeepSeek Sparse Attention
      make_feed_forward(c, i, deepseek_v3_router(c)));    // as in V3
}
// clang-format on

}  // namespace seekling
