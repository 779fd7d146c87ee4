// kernel.h for any machine, and the choice.
#include "infer/kernel.h"

#include <cmath>
#include <utility>

namespace seekling {

namespace {

struct Portable {
  static constexpr int kRows = 2, kByteRows = 1;
  template <class K>
  static typename K::Ints dot4(typename K::Ints sum, typename K::Ints w, std::uint32_t a) {
    return K::dot4(sum, w, a);
  }
  template <class K>
  static typename K::Floats dot2(typename K::Floats sum, typename K::Ints w, std::uint32_t a) {
    return K::dot2(sum, w, a);
  }
  template <class K>
  static typename K::Floats halves(const std::byte* p) {
    return K::halves(p);
  }
  template <class K>
  static float sum(typename K::Floats v) {
    return K::total(v);
  }
};

const Instructions* best() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni") &&
      __builtin_cpu_supports("avx512bf16") && kernel_avx512())
    return kernel_avx512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && kernel_avx2()) return kernel_avx2();
#endif
  return kernel_portable();
}

const Instructions*& chosen() {
  static const Instructions* kernel = best();
  return kernel;
}

}  // namespace

const Instructions* kernel_portable() { return &Kernel<Portable>::kInstructions; }
const Instructions& kernel() { return *chosen(); }
const Instructions& set_kernel(const Instructions& other) { return *std::exchange(chosen(), &other); }

}  // namespace seekling
