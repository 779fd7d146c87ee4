// kernel_loops.h for any machine.
#include "quant/kernel_loops.h"

namespace seekling {

#ifndef SEEKLING_DOUBLE  // kernel_double.cpp has the loops for double

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

}  // namespace

const Instructions* kernel_portable() { return &Kernel<Portable>::kInstructions; }

#endif

}  // namespace seekling
