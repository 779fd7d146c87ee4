// The choice of the instructions that inference runs on.
#include "quant/kernel.h"

#include <utility>

namespace seekling {

static const Instructions*& chosen() {
  static const Instructions* kernel = kernels().front();
  return kernel;
}

std::vector<const Instructions*> kernels() {
  std::vector<const Instructions*> all;
#if defined(__x86_64__)
  const auto add = [&](bool runs, const Instructions* compiled) {
    if (runs && compiled) all.push_back(compiled);
  };
  const bool bytes = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512vnni");
  add(bytes && __builtin_cpu_supports("avx512bf16"), kernel_avx512_bf16());
  add(bytes, kernel_avx512());
  add(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"), kernel_avx2());
#endif
  all.push_back(kernel_portable());
  return all;
}

const Instructions& kernel() { return *chosen(); }
const Instructions& set_kernel(const Instructions& other) {
  return *std::exchange(chosen(), &other);
}

}  // namespace seekling
