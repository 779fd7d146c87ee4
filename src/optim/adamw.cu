// AdamW on a GPU: the algorithm as in adamw.cpp, all parameters in one launch.
#include <cmath>
#include <cstdint>

#include "cuda/pack.h"
#include "cuda/parts.h"
#include "optim/adamw.h"

namespace seekling {

using namespace cuda;

namespace {

template <bool kAligned>
__device__ void update_part(const Part<ParameterUpdate>& part, const Rates& r) {
  const auto row = [&](real* x) { return View{x ? x + part.begin : nullptr, 1, part.n, part.n}; };
  const ParameterUpdate& u = part.array;
  const View theta = row(u.theta), g = row(u.g), m = row(u.m.fp32), v = row(u.v.fp32);
  each_pack_of_row(part.n, [&](Index j, int) {
    const Pack g_j = g.data ? load<kAligned>(g, 0, j) : Pack{};
    Pack theta_j = load<kAligned>(theta, 0, j), m_j = load<kAligned>(m, 0, j),
         v_j = load<kAligned>(v, 0, j);
    UNROLL for (int k = 0; k < kPack; ++k) {
      const real clipped = r.clip * g_j[k];
      m_j[k] = r.beta1 * m_j[k] + (1 - r.beta1) * clipped;
      v_j[k] = r.beta2 * v_j[k] + (1 - r.beta2) * clipped * clipped;
      theta_j[k] -= r.step * m_j[k] / (r.root * std::sqrt(v_j[k]) + r.eps) + u.decay * theta_j[k];
    }
    store<kAligned>(theta, 0, j, theta_j);
    store<kAligned>(m, 0, j, m_j);
    store<kAligned>(v, 0, j, v_j);
  });
}

// A block owns a part of a parameter and of its moments.
__global__ void adamw_kernel(PartFinder<ParameterUpdate> finder, Rates rates) {
  const Part<ParameterUpdate> part = finder.part(blockIdx.x);
  const ParameterUpdate& u = part.array;
  if (in_packs(u.theta, part.n) && in_packs(u.g, part.n) && in_packs(u.m.fp32, part.n) &&
      in_packs(u.v.fp32, part.n))
    update_part<true>(part, rates);
  else update_part<false>(part, rates);
}

}  // namespace

void cuda::adamw_update(std::span<const ParameterUpdate> parameters, const Rates& rates) {
  const Parts<ParameterUpdate> parts(parameters);
  if (parts.size() > 0)
    launch(adamw_kernel, unsigned(parts.size()), kPackThreads, parts.finder(), rates);
}

}  // namespace seekling
