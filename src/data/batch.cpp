// The targets of each depth. A target is ignored at depth k where it is ignored at depth 0, and
// where its document begins after the position that predicts it.
#include "data/batch.h"

#include <numeric>
#include <utility>

#include "core/check.h"

namespace seekling {

template <class Value>
static std::vector<Value> ahead(std::span<const Value> values, Index B, Index T, Index k) {
  check(k < T && Index(values.size()) == B * T, "a batch: depth ", k, " of ", values.size(),
        " values in rows of [", B, ", ", T, "]");
  std::vector<Value> later;
  later.reserve(std::size_t(B * (T - k)));
  for (Index b = 0; b < B; ++b)
    later.insert(later.end(), values.begin() + b * T + k, values.begin() + (b + 1) * T);
  return later;
}

std::vector<std::int32_t> values_ahead(std::span<const std::int32_t> values, Index B, Index T,
                                       Index k) {
  return ahead(values, B, T, k);
}

// Whether the token that position i of row b predicts at depth k belongs to a later document.
// Depth 0 has kIgnored at a document's last token, so ids[i + k] tells the target's document.
static bool in_later_document(const Rows& rows, Index b, Index i, Index k) {
  return !rows.document_start.empty() &&
         Index(rows.document_start[std::size_t(b * rows.T + i + k)]) > i;
}

static Targets targets_at(const Rows& rows, Index k) {
  const Index B = rows.B, T = rows.T, n = T - k;
  Targets targets{.ids = ahead(std::span(rows.targets), B, T, k),
                  .weights = ahead(std::span(rows.weights), B, T, k)};
  for (Index i = 0; i < B * n; ++i) {
    std::int32_t& id = targets.ids[std::size_t(i)];
    if (in_later_document(rows, i / n, i % n, k)) id = kIgnored;
    if (id == kIgnored) targets.weights[std::size_t(i)] = 0;
  }
  targets.counted = std::accumulate(targets.weights.begin(), targets.weights.end(), 0.0);
  return targets;
}

Batch make_batch(Rows rows, Index depths) {
  const std::size_t n = std::size_t(rows.B * rows.T);
  if (rows.weights.empty()) rows.weights.assign(n, 1);
  check(rows.ids.size() == n && rows.targets.size() == n && rows.weights.size() == n &&
            (rows.document_start.empty() || rows.document_start.size() == n),
        "a batch of ", rows.B, " rows of ", rows.T, " tokens: found ", rows.ids.size(), " ids, ",
        rows.targets.size(), " targets, ", rows.weights.size(), " weights and ",
        rows.document_start.size(), " document starts; expected ", n, " of each");
  Batch batch{.B = rows.B, .T = rows.T};
  for (Index k = 0; k <= depths && k < rows.T; ++k) batch.targets.push_back(targets_at(rows, k));
  batch.ids = std::move(rows.ids);
  batch.document_start = std::move(rows.document_start);
  return batch;
}

}  // namespace seekling
