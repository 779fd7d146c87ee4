// SwiGLU on a GPU: equations and derivation as in swiglu.cpp.
#include <cmath>

#include "cuda/pack.h"
#include "ops/swiglu.h"

namespace seekling {

using namespace cuda;

namespace {

__device__ real sigmoid(real a) { return 1 / (1 + std::exp(-a)); }

template <bool kAligned>
__global__ void swiglu_forward_kernel(View y, View gate, View up) {
  each_pack(y, [&](Index i, Index j) {
    const Pack a = load<kAligned>(gate, i, j), u = load<kAligned>(up, i, j);
    store<kAligned>(y, i, j, with_each([&](int n) { return a[n] * sigmoid(a[n]) * u[n]; }));
  });
}

template <bool kAligned>
__global__ void swiglu_backward_kernel(View d_gate, View d_up, bool add, View dy, View gate,
                                       View up) {
  each_pack(dy, [&](Index i, Index j) {
    const Pack d = load<kAligned>(dy, i, j), a = load<kAligned>(gate, i, j),
               u = load<kAligned>(up, i, j);
    const Pack sigma = with_each([&](int n) { return sigmoid(a[n]); });
    const Pack da =
        with_each([&](int n) { return d[n] * u[n] * sigma[n] * (1 + a[n] * (1 - sigma[n])); });
    store_or_add<kAligned>(d_gate, i, j, da, add);
    store_or_add<kAligned>(d_up, i, j, with_each([&](int n) { return d[n] * a[n] * sigma[n]; }),
                           add);
  });
}

View gate_of(View x) { return x.block(0, 0, x.rows, x.cols / 2); }
View up_of(View x) { return x.block(0, x.cols / 2, x.rows, x.cols / 2); }

}  // namespace

void cuda::swiglu_forward(View y, View gate_up) {
  const View gate = gate_of(gate_up), up = up_of(gate_up);
  launch_packs(y,
               aligned({y, gate, up}) ? swiglu_forward_kernel<true> : swiglu_forward_kernel<false>,
               y, gate, up);
}

void cuda::swiglu_backward(View d_gate_up, Accumulate into, View dy, View gate_up) {
  const View gate = gate_of(gate_up), up = up_of(gate_up), d_gate = gate_of(d_gate_up),
             d_up = up_of(d_gate_up);
  launch_packs(dy,
               aligned({d_gate, d_up, dy, gate, up}) ? swiglu_backward_kernel<true>
                                                     : swiglu_backward_kernel<false>,
               d_gate, d_up, into == Accumulate::kYes, dy, gate, up);
}

}  // namespace seekling
