// Where numbers are: in the CPU's memory or in a GPU's. An op asks its input, and takes the twin of
// its kernel that works there: on(x.device(), cpu::f, cuda::f)(y, x).
//
// Built without nvcc, "the GPU" is an emulation on the CPU (cuda/emulation.h), and its memory
// is the CPU's, but comes full of NaNs. All work for the GPU goes to one stream, so that it is done
// in the order in which it is asked for. tensor/recording.h has it done again and again.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace seekling {

enum class Device { kCpu, kCuda };

template <class F>
F* on(Device device, F* cpu, F* cuda) {
  return device == Device::kCuda ? cuda : cpu;
}

// Memory of either kind.
constexpr std::size_t kHugePage = std::size_t(1) << 21;
void* allocate(Device device, std::size_t bytes);  // in 64s or huge pages; nullptr: none left
void release(Device device, void* memory);
void spoil(Device device, void* memory, std::size_t bytes);  // with NaNs: the emulated GPU's alone
void fill_with_zeros(Device device, void* memory, std::size_t bytes);
void copy(Device to_device, void* to, Device from_device, const void* from, std::size_t bytes);

bool built_for_gpus();       // made by nvcc, and not for the emulation?
bool has_gpu();              // one that this build can use
void finish(Device device);  // waits until all that was asked for is done

#if defined(__CUDACC__)
cudaStream_t stream();
void succeed(cudaError_t error, const char* what);  // Error, which says what failed, if it did
#else
void on_stream(std::function<void()> work);                    // of the emulated GPU: now, or later
void keep_work_in(std::vector<std::function<void()> >* list);  // nullptr: now
#endif

}  // namespace seekling
