// Sampling. In this order, as in Hugging Face's generate:
//   repetition penalty r   z_i ← z_i / r if z_i > 0, else z_i r, for tokens seen before
//                          (Keskar et al. 2019, arXiv:1909.05858)
//   temperature            p_i ∝ exp(z_i / temperature); at 0 only the most likely token;
//                          of equally likely tokens the lowest id
//   top-k                  the k most likely
//   top-p                  the smallest set of most likely tokens that sum to p
//                          (nucleus, Holtzman et al. 2019, arXiv:1904.09751)
//   min-p                  those with p_i >= m max_j p_j (Nguyen et al. 2024, arXiv:2407.01082)
#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"

namespace seekling {

void check_sampling(const Sampling& s) {
  check(s.temperature >= 0 && std::isfinite(s.temperature), "--temperature: found ", s.temperature,
        ", expected a number of at least 0 (0 takes the most likely token)");
  check(s.top_k >= 0, "--top-k: found ", s.top_k, ", expected 0 (all tokens) or a count");
  check(s.top_p > 0 && s.top_p <= 1, "--top-p: found ", s.top_p,
        ", expected a number above 0 and at most 1");
  check(s.min_p >= 0 && s.min_p <= 1, "--min-p: found ", s.min_p,
        ", expected a number from 0 to 1");
  check(s.repetition_penalty > 0 && std::isfinite(s.repetition_penalty),
        "--repetition-penalty: found ", s.repetition_penalty,
        ", expected a number above 0 (1 changes nothing)");
}

namespace {

std::vector<double> penalised(std::span<const real> logits, double penalty,
                              std::span<const std::int32_t> history) {
  std::vector<double> z(logits.begin(), logits.end());
  if (penalty == 1) return z;
  std::vector<char> met(z.size(), 0);
  for (const std::int32_t id : history) met[size_t(id)] = 1;
  for (std::size_t i = 0; i < z.size(); ++i)
    if (met[i]) z[i] = z[i] > 0 ? z[i] / penalty : z[i] * penalty;
  return z;
}

// Sets to zero all but the k most likely tokens, and of these all after the first few whose sum
// reaches the fraction `reach` of the whole.
void keep_likeliest(std::vector<double>& p, std::size_t k, double reach) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  const auto likelier = [&](std::size_t a, std::size_t b) {
    return p[a] != p[b] ? p[a] > p[b] : a < b;
  };
  k = std::min(k, order.size());
  std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(k), order.end(), likelier);
  double all = 0, kept = 0;
  for (std::size_t i = 0; i < k; ++i) all += p[order[i]];
  std::size_t n = 0;
  while (n < k && (n == 0 || kept < reach * all)) kept += p[order[n++]];
  for (std::size_t i = n; i < order.size(); ++i) p[order[i]] = 0;
}

}  // namespace

std::vector<double> probabilities(std::span<const real> logits, const Sampling& s,
                                  std::span<const std::int32_t> history) {
  std::vector<double> p = penalised(logits, s.repetition_penalty, history);
  const auto best = std::max_element(p.begin(), p.end());
  if (s.temperature == 0) {
    const auto id = best - p.begin();
    std::fill(p.begin(), p.end(), 0.0);
    p[size_t(id)] = 1;
    return p;
  }
  const double z_best = *best;
  for (double& z : p) z = std::exp((z - z_best) / s.temperature);  // the most likely one: 1
  if (s.top_k > 0 || s.top_p < 1)
    keep_likeliest(p, s.top_k > 0 ? size_t(s.top_k) : p.size(), s.top_p);
  for (double& x : p)
    if (x < s.min_p) x = 0;
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

std::int32_t draw(std::span<const double> p, Rng& rng) {
  double left = rng.uniform() * std::accumulate(p.begin(), p.end(), 0.0);
  std::int32_t last = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) continue;
    last = std::int32_t(i);
    if ((left -= p[i]) < 0) break;
  }
  return last;
}

std::int32_t sample(std::span<const real> logits, const Sampling& s, Rng& rng,
                    std::span<const std::int32_t> history) {
  if (s.temperature == 0 && s.repetition_penalty == 1)
    return std::int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  const std::vector<double> p = probabilities(logits, s, history);
  if (s.temperature == 0) return std::int32_t(std::max_element(p.begin(), p.end()) - p.begin());
  return draw(p, rng);
}

GuessOutcome accept_or_resample(std::span<const double> p, std::span<const double> q,
                                std::int32_t guess, Rng& rng) {
  const auto g = std::size_t(guess);
  if (rng.uniform() * q[g] < p[g]) return {true, guess};
  std::vector<double> rest(p.begin(), p.end());
  double left = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) left += rest[i] = std::max(0.0, p[i] - q[i]);
  return {false, left > 0 ? draw(rest, rng) : draw(p, rng)};  // left is 0 only by rounding: p = q
}

}  // namespace seekling
