#include "tensor/ints.h"

namespace seekling {

static_assert(sizeof(std::int32_t) <= sizeof(real));  // a Storage of n reals has room for n

static std::size_t bytes(Index n) { return std::size_t(n) * sizeof(std::int32_t); }

Ints::Ints(Index n, Device device)
    : storage_(n > 0 ? std::make_shared<Storage>(n, Storage::Fill::kUndefined, device) : nullptr),
      size_(n) {
  if (storage_) storage_->data();  // allocate now: threads must not race to do it
}

Ints Ints::zeros(Index n, Device device) {
  const Ints x(n, device);
  if (n > 0) fill_with_zeros(device, x.data(), bytes(n));
  return x;
}

Ints::Ints(std::span<const std::int32_t> values, Device device)
    : Ints(Index(values.size()), device) {
  if (size_ > 0) copy(device, data(), Device::kCpu, values.data(), bytes(size_));
}

Ints Ints::first(Index n) const {
  Ints x = *this;
  x.size_ = n;
  return x;
}

std::vector<std::int32_t> Ints::values() const {
  std::vector<std::int32_t> values(std::size_t(size_), 0);
  if (size_ > 0) copy(Device::kCpu, values.data(), device(), data(), bytes(size_));
  return values;
}

}  // namespace seekling
