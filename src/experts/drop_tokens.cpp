// Token dropping. DeepSeek-V2 (arXiv:2405.04434) §2.2.4. A device's budget is its mean load, K N /
// D choices for N tokens and D devices, times the capacity factor. If a device exceeds its budget,
// the choices with the lowest affinity are dropped until it fits. A dropped choice contributes
// nothing; its token keeps the residual, the shared experts and its other choices.
// The tokens of some sequences (about 10 % in the paper) are never dropped, so that training also
// covers the model without dropping. Evaluation drops nothing, and V3 never does.
//
// No twin: choices are sorted on the CPU, which waits for a GPU. Only V2's training needs it.
#include "experts/drop_tokens.h"

#include <algorithm>

#include "core/check.h"

namespace seekling {

std::vector<char> dropped_choices(const Routing& routing, Index n_group, double capacity,
                                  const std::vector<char>& keep) {
  const std::vector<std::int32_t> experts = routing.experts.values();  // waits for a GPU
  const Tensor affinities = routing.s.to(Device::kCpu);
  const Index N = routing.s.rows(), E = routing.s.cols(), choices = Index(experts.size()),
              K = choices / N;
  check(keep.empty() || N % Index(keep.size()) == 0, "dropped_choices: ", N, " tokens are not ",
        keep.size(), " sequences of equal length");
  const Index budget = Index(capacity * double(choices) / double(n_group)),
              T = keep.empty() ? N : N / Index(keep.size());
  std::vector<std::vector<Index>> candidates{size_t(n_group)};  // the droppable choices, by device
  std::vector<Index> load(size_t(n_group), 0);
  for (Index c = 0; c < choices; ++c) {
    const size_t device = size_t(experts[size_t(c)] / (E / n_group));
    ++load[device];
    if (keep.empty() || !keep[size_t(c / K / T)]) candidates[device].push_back(c);
  }
  const View s = affinities;
  const auto affinity = [&](Index c) { return s(c / K, experts[size_t(c)]); };
  std::vector<char> dropped;
  for (size_t d = 0; d < load.size(); ++d) {
    std::vector<Index>& go = candidates[d];
    const Index surplus = std::min(load[d] - budget, Index(go.size()));
    if (surplus <= 0) continue;
    std::stable_sort(go.begin(), go.end(),
                     [&](Index a, Index b) { return affinity(a) < affinity(b); });
    dropped.resize(size_t(choices), 0);
    for (Index i = 0; i < surplus; ++i) dropped[size_t(go[size_t(i)])] = 1;
  }
  return dropped;
}

}  // namespace seekling
