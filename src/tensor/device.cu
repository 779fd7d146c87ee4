#include <cstdlib>
#include <cstring>
#include <new>

#include "core/check.h"
#include "tensor/device.h"
#include "tensor/recording.h"
#ifdef __linux__
#include <sys/mman.h>
#endif

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#endif

namespace seekling {

static void* allocate_on_cpu(std::size_t bytes) {
  const bool huge = bytes % kHugePage == 0;  // C11: the size must be a multiple of the alignment
  void* memory = std::aligned_alloc(huge ? kHugePage : 64, bytes);
#ifdef __linux__  // pages of 2 MiB instead of 4 KiB: fewer faults, faster address lookup
  if (memory && huge) ::madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

#if defined(__CUDACC__)

void succeed(cudaError_t error, const char* what) {
  check(error == cudaSuccess, "CUDA: ", what, ": ", cudaGetErrorString(error));
}

static void* allocate_on_gpu(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  // Reading the error clears it.
  if (error == cudaErrorMemoryAllocation) return cudaGetLastError(), nullptr;
  succeed(error, "memory could not be allocated");
  return memory;
}

// Its own stream: the default stream cannot be captured in a CUDA graph.
cudaStream_t stream() {
  static const cudaStream_t the_stream = [] {
    cudaStream_t s = nullptr;
    succeed(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking), "a stream could not be created");
    return s;
  }();
  return the_stream;
}

static void copy_with_gpu(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  succeed(cudaMemcpyAsync(to, from, bytes, kind, stream()), "a copy failed");
  if (kind == cudaMemcpyDeviceToHost)
    succeed(cudaStreamSynchronize(stream()), "a kernel or copy failed");
}

bool built_for_gpus() { return true; }

bool has_gpu() {
  int n = 0;
  return cudaGetDeviceCount(&n) == cudaSuccess && n > 0;
}

#else

static void* allocate_on_gpu(std::size_t bytes) { return allocate_on_cpu(bytes); }

bool has_gpu() { return false; }
bool built_for_gpus() { return false; }

static thread_local std::vector<std::function<void()> >* kept = nullptr;
void keep_work_in(std::vector<std::function<void()> >* list) { kept = list; }
void on_stream(std::function<void()> work) {
  if (kept) kept->push_back(std::move(work));
  else work();
}

#endif

void finish([[maybe_unused]] Device device) {
#if defined(__CUDACC__)
  if (device == Device::kCuda) succeed(cudaStreamSynchronize(stream()), "a kernel failed");
#endif
}

void* allocate(Device device, std::size_t bytes) {
  return device == Device::kCuda ? allocate_on_gpu(bytes) : allocate_on_cpu(bytes);
}

void release([[maybe_unused]] Device device, void* memory) {
#if defined(__CUDACC__)
  if (device == Device::kCuda) return succeed(cudaFree(memory), "memory could not be freed");
#endif
  std::free(memory);
}

void spoil([[maybe_unused]] Device device, [[maybe_unused]] void* memory,
           [[maybe_unused]] std::size_t bytes) {
#if !defined(__CUDACC__)
  if (device == Device::kCuda) std::memset(memory, 0xFF, bytes);
#endif
}

void fill_with_zeros([[maybe_unused]] Device device, void* memory, std::size_t bytes) {
#if defined(__CUDACC__)
  if (device == Device::kCuda)
    return succeed(cudaMemsetAsync(memory, 0, bytes, stream()), "memory could not be filled");
#else
  if (device == Device::kCuda) return on_stream([=] { std::memset(memory, 0, bytes); });
#endif
  std::memset(memory, 0, bytes);
}

void copy(Device to_device, void* to, Device from_device, const void* from, std::size_t bytes) {
  if (bytes == 0) return;  // then a pointer may be null, which memcpy forbids even for 0 bytes
  const bool to_gpu = to_device == Device::kCuda, from_gpu = from_device == Device::kCuda;
  check(to_gpu == from_gpu || !Recording::plays(),
        "a captured graph may not copy between the CPU and the GPU");
#if defined(__CUDACC__)
  if (to_gpu && from_gpu) return copy_with_gpu(to, from, bytes, cudaMemcpyDeviceToDevice);
  if (to_gpu) return copy_with_gpu(to, from, bytes, cudaMemcpyHostToDevice);
  if (from_gpu) return copy_with_gpu(to, from, bytes, cudaMemcpyDeviceToHost);
#else
  if (to_gpu && from_gpu) return on_stream([=] { std::memcpy(to, from, bytes); });
#endif
  std::memcpy(to, from, bytes);
}

}  // namespace seekling
