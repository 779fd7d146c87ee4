// CUDA's execution model on a CPU, for testing kernels without a GPU. Every CUDA thread is a fiber
// (ucontext) of the launching thread. Blocks run one after another, and in a block each warp in
// turn runs until it must wait, so code that relies on warps running in lockstep gives wrong
// results. The emulation tests logic, not speed: a barrier costs about 0.6 us per thread.
//
// launch() throws Error for barriers that threads reach at different lines or that some never
// reach, for warp operations whose mask includes lanes that do not take part, and for a launch over
// CUDA's limits. Shared memory starts as NaNs, and each shared array is a separate allocation, so
// that address sanitizer detects overruns. The order of blocks, warps and lanes can be chosen
// (Order): results must not depend on it.
//
// Not emulated here: matrix units (see cuda/matrix_units.h), streams, and the contraction of a·b +
// c to one rounding, which a GPU does.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>

#include "core/check.h"
#include "tensor/device.h"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)

struct uint3 {
  unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace seekling::emulation {

enum class Order { kForward, kReverse, kRandom };
struct Schedule {
  Order order = Order::kForward;
  unsigned seed = 1;  // of kRandom
};
Schedule& schedule();  // of the launches to come

// The calling CUDA thread's view of itself.
const uint3& thread_index();
const uint3& block_index();
const dim3& block_size();
const dim3& grid_size();
std::uint64_t block_number();  // counts the blocks of all launches from 1
unsigned lane();

void* shared_array(const void* key, std::size_t bytes);  // of the calling thread's block
void meet_block(int line);                               // __syncthreads
void meet_warp(unsigned mask, std::uint64_t value, int line);
std::uint64_t value_of_lane(unsigned lane);  // that it gave to the last meet_warp

// A copy that is made when the thread waits for it, and until then is NaNs.
// from: nullptr for zeros.
void fetch(void* to, const void* from, std::size_t bytes);
void wait_for_fetches();

void run(dim3 grid, dim3 block, const std::function<void()>& kernel);

// `from` is a lane of the segment, or one outside it.
template <class T>
T shuffle(unsigned mask, T value, int from, int width, int line) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  meet_warp(mask, bits, line);
  if (from < 0 || from >= width) return value;
  bits = value_of_lane((lane() & ~unsigned(width - 1)) + unsigned(from));
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline int lane_in(int width) { return int(lane()) & (width - 1); }

}  // namespace seekling::emulation

#define threadIdx (seekling::emulation::thread_index())
#define blockIdx (seekling::emulation::block_index())
#define blockDim (seekling::emulation::block_size())
#define gridDim (seekling::emulation::grid_size())
#define SHARED_ARRAY(T, name, dims)            \
  typedef T name##_emulated dims;              \
  static constexpr char name##_key = 0;        \
  auto& name = *static_cast<name##_emulated*>( \
      seekling::emulation::shared_array(&name##_key, sizeof(name##_emulated)))

inline void __syncthreads(int line = __builtin_LINE()) { seekling::emulation::meet_block(line); }
inline void __syncwarp(unsigned mask = ~0u, int line = __builtin_LINE()) {
  seekling::emulation::meet_warp(mask, 0, line);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int from, int width = 32, int line = __builtin_LINE()) {
  return seekling::emulation::shuffle(mask, value, from & (width - 1), width, line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, int line = __builtin_LINE()) {
  return seekling::emulation::shuffle(mask, value, seekling::emulation::lane_in(width) - int(by),
                                      width, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32,
                   int line = __builtin_LINE()) {
  return seekling::emulation::shuffle(mask, value, seekling::emulation::lane_in(width) + int(by),
                                      width, line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, int line = __builtin_LINE()) {
  return seekling::emulation::shuffle(mask, value, seekling::emulation::lane_in(width) ^ bits,
                                      width, line);
}
template <class T>
T atomicAdd(T* to, std::type_identity_t<T> value) {
  return std::atomic_ref<T>(*to).fetch_add(value, std::memory_order_relaxed);
}

namespace seekling::cuda {

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, Arguments... arguments) {
  const std::tuple<Parameters...> parameters(static_cast<Parameters>(arguments)...);
  on_stream([=] { emulation::run(grid, block, [&] { std::apply(kernel, parameters); }); });
}

}  // namespace seekling::cuda
