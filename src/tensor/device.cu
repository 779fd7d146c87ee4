#include <cstdlib>
#include <cstring>
#include <new>

#include "tensor/device.h"
#ifdef __linux__
#include <sys/mman.h>
#endif

#if defined(__CUDACC__)
#include <cuda_runtime.h>

#include "core/check.h"
#endif

namespace seekling {

static void* allocate_on_cpu(std::size_t bytes) {
  const bool huge = bytes % kHugePage == 0;  // C11 wants the size to be a multiple of the alignment
  void* memory = std::aligned_alloc(huge ? kHugePage : 64, bytes);
#ifdef __linux__  // pages of 2 MiB instead of 4 KiB, where there are some: fewer faults, and addresses are found sooner
  if (memory && huge) ::madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

#if defined(__CUDACC__)

static void succeed(cudaError_t error, const char* what) {
  check(error == cudaSuccess, "CUDA: ", what, ": ", cudaGetErrorString(error));
}

static void* allocate_on_gpu(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) return cudaGetLastError(), nullptr;  // asked for, so that it is forgotten
  succeed(error, "memory could not be allocated");
  return memory;
}

static void copy_with_gpu(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  succeed(cudaMemcpyAsync(to, from, bytes, kind), "a copy failed");
  if (kind == cudaMemcpyDeviceToHost) succeed(cudaStreamSynchronize(nullptr), "a kernel or copy failed");
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

#endif

void finish([[maybe_unused]] Device device) {
#if defined(__CUDACC__)
  if (device == Device::kCuda) succeed(cudaStreamSynchronize(nullptr), "a kernel failed");
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

void spoil([[maybe_unused]] Device device, [[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if !defined(__CUDACC__)
  if (device == Device::kCuda) std::memset(memory, 0xFF, bytes);
#endif
}

void fill_with_zeros([[maybe_unused]] Device device, void* memory, std::size_t bytes) {
#if defined(__CUDACC__)
  if (device == Device::kCuda) return succeed(cudaMemsetAsync(memory, 0, bytes), "memory could not be filled");
#endif
  std::memset(memory, 0, bytes);
}

void copy([[maybe_unused]] Device to_device, void* to, [[maybe_unused]] Device from_device, const void* from,
          std::size_t bytes) {
  if (bytes == 0) return;  // nothing may lie nowhere, which memcpy does not allow
#if defined(__CUDACC__)
  const bool to_gpu = to_device == Device::kCuda, from_gpu = from_device == Device::kCuda;
  if (to_gpu && from_gpu) return copy_with_gpu(to, from, bytes, cudaMemcpyDeviceToDevice);
  if (to_gpu) return copy_with_gpu(to, from, bytes, cudaMemcpyHostToDevice);
  if (from_gpu) return copy_with_gpu(to, from, bytes, cudaMemcpyDeviceToHost);
#endif
  std::memcpy(to, from, bytes);
}

}  // namespace seekling
