// YaRN (Peng et al. 2023, arXiv:2309.00071), as in DeepSeek's code. Dimensions that turn more than
// beta_fast times in the original context keep their speed; those that turn less than beta_slow
// times are slowed by `factor`; in between a ramp interpolates, linearly in the index of the
// dimension (the paper's ramp is linear in the number of turns).
//   corr(n) = rope ln(L₀ / (2π n)) / (2 ln base)   the dimension that turns n times in L₀ tokens
//   low = ⌊corr(beta_fast)⌋, high = ⌈corr(beta_slow)⌉, clamped to [0, rope - 1]
//   θ'_j = θ_j / s · ramp_j + θ_j (1 - ramp_j)     ramp_j = clamp((j - low) / (high - low), 0, 1)
// The temperature: ms(c) = 0.1 c ln s + 1. The rotated q and k are multiplied
// by ms(mscale) / ms(mscale_all_dim), and the softmax scale by ms(mscale_all_dim)².
// The first factor is 1 in all released models.
#include "attention/yarn.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace seekling {

static double temperature(double factor, double c) {
  return factor <= 1 ? 1 : 0.1 * c * std::log(factor) + 1;
}

static double dimension_turning(double turns, Index rope, double base, double original) {
  return double(rope) * std::log(original / (turns * 2 * std::numbers::pi)) / (2 * std::log(base));
}

Rotary rotary_of(const Config& config, Index rope) {
  Rotary rotary = Rotary::plain(rope, config.rope_theta);
  if (!config.rope_scaling) return rotary;
  const RopeScaling& y = *config.rope_scaling;
  const double original = double(y.original_max_position_embeddings);
  const double low =
      std::max(std::floor(dimension_turning(y.beta_fast, rope, config.rope_theta, original)), 0.0);
  double high =
      std::min(std::ceil(dimension_turning(y.beta_slow, rope, config.rope_theta, original)),
               double(rope - 1));
  if (low == high) high += 0.001;
  for (std::size_t j = 0; j < rotary.theta.size(); ++j) {
    const double ramp = std::clamp((double(j) - low) / (high - low), 0.0, 1.0);
    rotary.theta[j] = rotary.theta[j] / y.factor * ramp + rotary.theta[j] * (1 - ramp);
  }
  const bool both = y.mscale != 0 && y.mscale_all_dim != 0;
  rotary.factor = both ? temperature(y.factor, y.mscale) / temperature(y.factor, y.mscale_all_dim)
                       : temperature(y.factor, 1);
  return rotary;
}

real softmax_scale(const Config& config, Index d) {
  double scale = 1 / std::sqrt(double(d));
  if (config.rope_scaling && config.rope_scaling->mscale_all_dim != 0)
    scale *=
        std::pow(temperature(config.rope_scaling->factor, config.rope_scaling->mscale_all_dim), 2);
  return real(scale);
}

}  // namespace seekling
