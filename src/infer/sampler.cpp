// Sampling: p_i ∝ exp(z_i / temperature), cut to the top_k most likely tokens, then to the smallest set of them whose
// probabilities sum to top_p (nucleus sampling, Holtzman et al. 2019, arXiv:1904.09751). Temperature 0 is greedy; equal
// logits go to the lower id.
#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/check.h"

namespace seekling {

void check_sampling(const Sampling& s) {
  check(s.temperature >= 0 && std::isfinite(s.temperature), "--temperature: found ", s.temperature,
        ", expected a number of at least 0 (0 takes the most likely token)");
  check(s.top_k >= 0, "--top-k: found ", s.top_k, ", expected 0 (all tokens) or a count");
  check(s.top_p > 0 && s.top_p <= 1, "--top-p: found ", s.top_p, ", expected a number above 0 and at most 1");
}

std::int32_t sample(std::span<const real> logits, const Sampling& s, Rng& rng) {
  if (s.temperature == 0) return std::int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return logits[size_t(a)] != logits[size_t(b)] ? logits[size_t(a)] > logits[size_t(b)] : a < b;
  });
  if (s.top_k > 0) order.resize(std::min(order.size(), size_t(s.top_k)));

  std::vector<double> p;
  p.reserve(order.size());
  for (const std::int32_t id : order)
    p.push_back(std::exp((double(logits[size_t(id)]) - double(logits[size_t(order[0])])) / s.temperature));
  const double all = std::accumulate(p.begin(), p.end(), 0.0);
  double kept = 0;
  size_t n = 0;
  while (n < p.size() && (n == 0 || kept < s.top_p * all)) kept += p[n++];

  double left = rng.uniform() * kept;
  for (size_t i = 0; i + 1 < n; ++i)
    if ((left -= p[i]) < 0) return order[i];
  return order[n - 1];
}

}  // namespace seekling
