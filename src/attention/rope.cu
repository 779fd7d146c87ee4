// RoPE on a GPU: equations as in rope.cpp.
#include <algorithm>
#include <cmath>

#include "attention/rope.h"
#include "core/check.h"
#include "cuda/pack.h"
#include "tensor/recording.h"

namespace seekling {

using namespace cuda;

namespace {

constexpr Index kMostPairs = 128;
constexpr unsigned kThreads = 256;

struct Speeds {  // a Rotary that can be a kernel argument
  double theta[kMostPairs];
  double factor;
};

// A block owns position t of all sequences and heads, so the angles are computed once for all of
// them. They are double: p θ may be large, and float would lose the fraction of a turn.
template <bool kAligned>
__global__ void turn_kernel(View y, View x, Index T, Index H, Index start, Speeds speeds, int sign,
                            bool add, const std::int32_t* plays) {
  SHARED_ARRAY(real, cos, [kMostPairs]);
  SHARED_ARRAY(real, sin, [kMostPairs]);
  const Index t = blockIdx.x, packs = (x.cols + kPack - 1) / kPack;
  for (Index j = threadIdx.x; j < x.cols / 2; j += blockDim.x) {
    const double angle = double(start + times(plays) * T + t) * speeds.theta[j];
    cos[j] = real(speeds.factor * std::cos(angle));
    sin[j] = real(sign * speeds.factor * std::sin(angle));
  }
  __syncthreads();
  for (Index n = threadIdx.x; n < x.rows / T * packs; n += blockDim.x) {
    const Index b = n / packs / H, h = n / packs % H, row = (b * T + t) * H + h,
                i = n % packs * kPack;
    const Pack from = load<kAligned>(x, row, i);
    Pack to = {};
    UNROLL for (int k = 0; k < kPack; k += 2) if (i + k < x.cols) {
      const real c = cos[(i + k) / 2], s = sin[(i + k) / 2];
      to[k] = from[k] * c - from[k + 1] * s;
      to[k + 1] = from[k] * s + from[k + 1] * c;
    }
    store_or_add<kAligned>(y, row, i, to, add);
  }
}

}  // namespace

void cuda::turn(View y, View x, Index T, Index H, Index start, const Rotary& rotary, int sign,
                bool accumulate) {
  const Index pairs = Index(rotary.theta.size());
  check(pairs <= kMostPairs, "rope: ", 2 * pairs,
        " rotary dimensions; on a GPU there may be at most ", 2 * kMostPairs);
  if (x.rows == 0) return;
  Speeds speeds = {.theta = {}, .factor = rotary.factor};
  std::copy(rotary.theta.begin(), rotary.theta.end(), speeds.theta);
  launch(aligned({y, x}) ? turn_kernel<true> : turn_kernel<false>, unsigned(T), kThreads, y, x, T,
         H, start, speeds, sign, accumulate, Recording::plays());
}

}  // namespace seekling
