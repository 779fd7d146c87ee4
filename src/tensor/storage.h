// Memory. A Storage holds the elements of one or more tensors and their gradient. Its buffer comes
// from a pool and returns to it: from the second training step on the system allocates nothing,
// because each step needs the sizes that the previous step returned.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/real.h"
#include "tensor/device.h"

namespace seekling {

namespace pool {
real* take(Index n, Device device = Device::kCpu);  // room for n reals, 64-byte aligned, undefined
void give(real* buffer, Index n, Device device = Device::kCpu);
std::size_t bytes_in_use(Device device = Device::kCpu);  // of all buffers in use
std::size_t allocations(Device device = Device::kCpu);   // constant in steady state
void release();                                          // returns idle slabs of both devices

// While a list is set, GPU buffers that are given back go into the list instead of the pool.
struct Buffer {
  real* data;
  Index n;
};
void keep_in(std::vector<Buffer>* list);
}  // namespace pool

class Storage {
 public:
  enum class Fill { kUndefined, kZero };

  Storage(Index n, Fill fill, Device device = Device::kCpu)
      : size(n), fill_(fill), device_(device) {}
  ~Storage() { free(); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // Allocates the buffer on first use, so an unused gradient costs nothing.
  real* data();
  bool touched() const { return data_ != nullptr; }
  bool claim();  // true if untouched so far: then the caller must overwrite every element
  void free();   // drops the contents; the next use fills the buffer again

  // Activation checkpointing (tape.h): contents dropped by forget() are recomputed on the next use.
  void remade_by(std::function<void(real*)> remake) { remake_ = std::move(remake); }
  void forget() { remake_ ? free() : void(); }

  // The gradient: created on the first call, allocated and zero-filled on first use.
  const std::shared_ptr<Storage>& grad();
  bool has_grad() const { return grad_ && grad_->touched(); }

  Device device() const { return device_; }
  void move_to(Device device);  // moves the contents and drops the gradient

  const Index size;

 private:
  const Fill fill_;
  Device device_;
  real* data_ = nullptr;
  std::function<void(real*)> remake_;
  std::shared_ptr<Storage> grad_;
};

}  // namespace seekling
