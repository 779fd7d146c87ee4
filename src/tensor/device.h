// Where a tensor is stored: in the CPU's memory or in a GPU's. An op selects the kernel for its
// input's device: on(x.device(), cpu::f, cuda::f)(y, x).
//
// Built without nvcc, "the GPU" is an emulation on the CPU (cuda/emulation.h). Its memory is the
// CPU's, filled with NaNs at allocation. All GPU work goes to one stream, so it runs in the order
// of the calls. tensor/recording.h captures such work in a CUDA graph and replays it.
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

// Memory of either device.
constexpr std::size_t kHugePage = std::size_t(1) << 21;
void* allocate(Device device, std::size_t bytes);  // multiples of 64 B; nullptr: none left
void release(Device device, void* memory);
void spoil(Device device, void* memory, std::size_t bytes);  // with NaNs: emulated GPU only
void fill_with_zeros(Device device, void* memory, std::size_t bytes);
void copy(Device to_device, void* to, Device from_device, const void* from, std::size_t bytes);

bool built_for_gpus();       // compiled by nvcc, not for the emulation
bool has_gpu();              // is there a GPU that this build can use?
void finish(Device device);  // waits until all launched work is done

#if defined(__CUDACC__)
cudaStream_t stream();
void succeed(cudaError_t error, const char* what);  // Error naming `what` if it failed
#else
void on_stream(std::function<void()> work);                    // runs or captures work
void keep_work_in(std::vector<std::function<void()> >* list);  // captures into it; nullptr: run
#endif

}  // namespace seekling
