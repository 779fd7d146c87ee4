// Kernels: one source for two compilers.
//   nvcc          real CUDA. This header adds launch() and the macros below.
//   C++ compiler  an emulation on the CPU (cuda/emulation.h): the same kernels, with no GPU.
//
// Differences from plain CUDA:
//   SHARED_ARRAY(float, tile, [16][17]);     __shared__ float tile[16][17];
//   launch(kernel, grid, block, args...);    kernel<<<grid, block>>>(args...);
#pragma once

#include <string>

#include "core/check.h"
#include "tensor/device.h"

#if defined(__CUDACC__)

#include <cuda_runtime.h>
#define SHARED_ARRAY(T, name, dims) __shared__ T name dims
#define UNROLL _Pragma("unroll")  // before a loop whose counter picks registers

namespace seekling::cuda {

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, Arguments... arguments) {
  kernel<<<grid, block, 0, stream()>>>(static_cast<Parameters>(arguments)...);
  if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess)
    throw Error(text("CUDA: a kernel could not be launched: ", cudaGetErrorString(error)));
}

}  // namespace seekling::cuda

#else

#include "cuda/emulation.h"
#define UNROLL

#endif
