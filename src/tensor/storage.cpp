#include "tensor/storage.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/parallel.h"

namespace seekling {

namespace {

struct Pool {
  std::mutex mutex;
  std::unordered_map<std::size_t, std::vector<void*>> idle[2];  // of each device, by size class in bytes
  std::size_t bytes = 0, allocations = 0;
};

Pool& the_pool() {
  static Pool* pool = new Pool;  // never destroyed: tensors with static lifetime may outlive it
  return *pool;
}

// Size classes: eight to each power of two, so at most an eighth is wasted and sizes of one step meet again in the next.
std::size_t size_class(Index n) {
  const std::size_t bytes = std::max<std::size_t>(std::size_t(n) * sizeof(real), 64);
  const std::size_t step = std::max<std::size_t>(std::bit_floor(bytes) / 8, 64);
  return (bytes + step - 1) / step * step;
}

}  // namespace

real* pool::take(Index n, Device device) {
  const std::size_t bytes = size_class(n);
  Pool& pool = the_pool();
  const std::lock_guard lock(pool.mutex);
  auto& idle = pool.idle[int(device)][bytes];
  if (!idle.empty()) {
    void* buffer = idle.back();
    idle.pop_back();
    return static_cast<real*>(buffer);
  }
  void* buffer = allocate(device, bytes);
  pool.bytes += bytes;
  ++pool.allocations;
  return static_cast<real*>(buffer);
}

void pool::give(real* buffer, Index n, Device device) {
  Pool& pool = the_pool();
  const std::lock_guard lock(pool.mutex);
  pool.idle[int(device)][size_class(n)].push_back(buffer);
}

std::size_t pool::bytes_allocated() { return the_pool().bytes; }
std::size_t pool::allocations() { return the_pool().allocations; }

void pool::release() {
  Pool& pool = the_pool();
  const std::lock_guard lock(pool.mutex);
  for (const Device device : {Device::kCpu, Device::kCuda})
    for (auto& [bytes, idle] : pool.idle[int(device)]) {
      for (void* buffer : idle) seekling::release(device, buffer);
      pool.bytes -= bytes * idle.size();
      idle.clear();
    }
}

real* Storage::data() {
  if (!data_) {
    data_ = pool::take(size, device_);
    if (fill_ == Fill::kZero && device_ == Device::kCuda)
      fill_with_zeros(device_, data_, std::size_t(size) * sizeof(real));
    else if (fill_ == Fill::kZero)
      parallel_stripes(size, /*width=*/1 << 15, [this](Index i, Index n) { std::fill_n(data_ + i, n, real(0)); });
  }
  return data_;
}

bool Storage::claim() {
  if (data_) return false;
  data_ = pool::take(size, device_);
  return true;
}

void Storage::free() {
  if (data_) pool::give(data_, size, device_);
  data_ = nullptr;
}

const std::shared_ptr<Storage>& Storage::grad() {
  if (!grad_) grad_ = std::make_shared<Storage>(size, Fill::kZero, device_);
  return grad_;
}

void Storage::move_to(Device device) {
  if (device == device_) return;
  real* const before = data_;
  const Device from = device_;
  device_ = device;
  grad_ = nullptr;
  if (!before) return;
  data_ = pool::take(size, device);
  copy(device, data_, from, before, std::size_t(size) * sizeof(real));
  pool::give(before, size, from);
}

}  // namespace seekling
