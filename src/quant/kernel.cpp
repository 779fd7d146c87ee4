// kernel_loops.h for any machine, and the choice.
#include "quant/kernel_loops.h"

namespace seekling {

namespace {

struct Portable {
  typedef float Floats __attribute__((vector_size(16)));
  typedef std::int32_t Ints __attribute__((vector_size(16)));
  typedef std::int8_t Bytes __attribute__((vector_size(4)));
  static constexpr int kSums = 12, kRows[4] = {6, 3, 2, 2};  // 16 registers of four floats
  static constexpr int kTileRows = 3;
  static constexpr int kByteOffset = 128;
  static Ints dot4(Ints sum, Ints w, std::uint32_t a) { return plain_dot4(sum, w, a); }
  static Ints dot8(Ints sum, Ints w, Ints w16, std::uint32_t a, std::uint32_t a16) {
    return dot4(dot4(sum, w, a), w16, a16);
  }
  static Floats dot2(Floats sum, Ints w, std::uint32_t a) { return plain_dot2(sum, w, a); }
  static Floats halves(const std::byte* p) { return plain_halves<Floats>(p); }
  template <int R>
  static void sums(float (&s)[R][kKeys], const Floats (&v)[R][kKeys]) {
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < kKeys; ++j) s[i][j] = total(v[i][j]);
  }
};

const Instructions*& chosen() {
  static const Instructions* kernel = kernels().front();
  return kernel;
}

}  // namespace

const Instructions* kernel_portable() { return &Kernel<Portable>::kInstructions; }

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
