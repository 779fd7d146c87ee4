// DeepSeek Sparse Attention: MLA in which each query sees index_topk keys that an indexer chose.
#pragma once

#include "attention/mla.h"
#include "sparse/indexer.h"

namespace seekling {

struct SparseMLA : MLA {
  explicit SparseMLA(const Config& config);

  Tensor forward(const Tensor& h, const Context& context) const override;
  Tensor decode(const Tensor& all, LayerCache& cache) const override;
  CacheRow cache_row() const override;
  std::unique_ptr<Attention> pack(const Precision& precision) const override;
  WeightBytes weight_bytes() const override;
  void parameters(const std::string& at, const Visitor& visit) const override;
  GgufNames gguf_names() const override { return {}; }  // not written to GGUF

  std::string name() const override;
  double flops(double context) const override;

  Tensor query_latent(const Tensor& h) const;                   // c^Q
  Pair query_of(const Tensor& c_q, const Positions& at) const;  // as MLA::query
  std::vector<std::int32_t> best_in(const LayerCache& cache, const Indexer::Query& i) const;
  Tensor expanded(const Pair& q, const LayerCache& cache,
                  const std::vector<std::int32_t>& best) const;

  Indexer indexer;
};

}  // namespace seekling
