// Ints: a list of integers that ops exchange besides tensors: selected experts, row indices, the
// first token of a document. Like Tensor it is a handle on Storage (copying it copies the handle),
// and its memory comes from the same pool.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "tensor/storage.h"

namespace seekling {

class Ints {
 public:
  Ints() = default;                                      // empty() is true
  explicit Ints(Index n, Device device = Device::kCpu);  // contents undefined
  static Ints zeros(Index n, Device device = Device::kCpu);
  Ints(std::span<const std::int32_t> values, Device device = Device::kCpu);
  Ints(std::initializer_list<std::int32_t> values)
      : Ints(std::span(values.begin(), values.size())) {}

  Index size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int32_t* data() const {
    return reinterpret_cast<std::int32_t*>(storage_ ? storage_->data() : nullptr);
  }
  Device device() const { return storage_ ? storage_->device() : Device::kCpu; }

  // Only for Ints on the CPU.
  std::int32_t& operator[](Index i) const { return data()[i]; }
  std::int32_t* begin() const { return data(); }
  std::int32_t* end() const { return data() + size_; }

  Ints first(Index n) const;                 // the first n, in the same memory
  std::vector<std::int32_t> values() const;  // a copy, from either device

 private:
  std::shared_ptr<Storage> storage_;
  Index size_ = 0;
};

}  // namespace seekling
