// Ints: a list of whole numbers that ops hand to each other beside tensors: chosen experts, rows,
// the first token of a document. Like Tensor a handle on Storage (copying it copies the handle),
// with memory from the same pool.
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
  Ints() = default;                                      // none: empty() is true
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

  // On the CPU.
  std::int32_t& operator[](Index i) const { return data()[i]; }
  std::int32_t* begin() const { return data(); }
  std::int32_t* end() const { return data() + size_; }

  Ints first(Index n) const;                 // the first n, in the same memory
  std::vector<std::int32_t> values() const;  // of either device

 private:
  std::shared_ptr<Storage> storage_;
  Index size_ = 0;
};

}  // namespace seekling
