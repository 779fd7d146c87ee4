// One launch for many arrays of different sizes, such as all parameters of a model. Each array is
// cut into parts of up to kPart values, and a block works on one part.
#pragma once

#include <span>
#include <vector>

#include "cuda/launch.h"
#include "cuda/pack.h"
#include "tensor/device.h"
#include "tensor/tensor.h"

namespace seekling::cuda {

constexpr Index kPart = Index(kPackThreads) * kRowPacks * kPack;  // a row of packs for the block

// Things of a plain type T in the GPU's memory.
template <class T>
class GpuArray {
 public:
  explicit GpuArray(std::size_t n)
      : bytes_(n * sizeof(T)),
        memory_({Index((bytes_ + sizeof(real) - 1) / sizeof(real))}, Device::kCuda) {}
  explicit GpuArray(std::span<const T> values) : GpuArray(values.size()) {
    copy(Device::kCuda, memory_.data(), Device::kCpu, values.data(), bytes_);
  }
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  T front() const {  // waits for the GPU
    T value;
    copy(Device::kCpu, &value, Device::kCuda, memory_.data(), sizeof value);
    return value;
  }

 private:
  std::size_t bytes_;
  Tensor memory_;
};

// The owner of `number` among `count` owners; owner a has first[a] .. first[a + 1] - 1, which may
// be empty.
template <class I>
__device__ Index owner_of(const I* first, Index count, Index number) {
  Index low = 0, high = count;  // first[low] <= number < first[high]
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    (first[middle] <= number ? low : high) = middle;
  }
  return low;
}

// The work of a block: elements begin .. begin + n - 1 of an array. T describes the array.
template <class T>
struct Part {
  const T& array;
  Index begin, n;
};

// Finds the part of a block by its index. Array a has parts first[a] .. first[a + 1] - 1.
template <class T>
struct PartFinder {
  const T* arrays;
  const Index* first;
  Index count;

  __device__ Part<T> part(Index number) const {
    const Index a = owner_of(first, count, number), begin = (number - first[a]) * kPart,
                rest = arrays[a].n - begin;
    return {arrays[a], begin, rest < kPart ? rest : kPart};
  }
};

// On the host: descriptions of arrays, whose member n is the array's size.
template <class T>
class Parts {
 public:
  explicit Parts(std::span<const T> arrays) : Parts(arrays, first_of(arrays)) {}
  PartFinder<T> finder() const { return {arrays_.data(), first_.data(), count_}; }
  Index size() const { return size_; }

 private:
  Parts(std::span<const T> arrays, const std::vector<Index>& first)
      : arrays_(arrays), first_(std::span<const Index>(first)), count_(Index(arrays.size())),
        size_(first.back()) {}

  static std::vector<Index> first_of(std::span<const T> arrays) {
    std::vector<Index> first{0};
    for (const T& array : arrays) first.push_back(first.back() + (array.n + kPart - 1) / kPart);
    return first;
  }

  GpuArray<T> arrays_;
  GpuArray<Index> first_;
  Index count_, size_;
};

}  // namespace seekling::cuda
