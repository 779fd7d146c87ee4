// Kernels that write where they must not. Built with address sanitizer, which must stop each:
//   cuda_faults shared|device
#include <cstdio>
#include <string>
#include <vector>

#include "cuda/launch.h"

namespace seekling {

using namespace cuda;

__global__ void past_shared_kernel(float* y, int past) {
  SHARED_ARRAY(float, tile, [32]);
  tile[threadIdx.x + unsigned(past)] = 1;
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];
}

__global__ void past_device_kernel(float* y, int past) { y[threadIdx.x + unsigned(past)] = 1; }

}  // namespace seekling

int main(int, char** argv) {
  using namespace seekling;
  const std::string where = argv[1];
  std::vector<float> y(32);
  cuda::launch(where == "shared" ? past_shared_kernel : past_device_kernel, 1, 32, y.data(),
               where == "none" ? 0 : 1);
  std::puts("nobody noticed");
}
