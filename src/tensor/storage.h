// Memory. A Storage holds the numbers of one or more tensors and, beside them, their gradient.
// Its buffer comes from a pool and goes back to it, so that from the second training step
// on the system is asked for nothing: each step asks for the sizes that the step before gave back.
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
void release();                                          // returns the idle memory of both

// Buffers in the GPU's memory that are given back go into this list instead,
// as long as there is one.
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

  // The buffer appears when it is first touched, so a gradient that nothing
  // flows into costs nothing.
  real* data();
  bool touched() const { return data_ != nullptr; }
  bool claim();  // true if untouched until now: the caller must store into all of it
  void free();   // forget the numbers; the next touch fills anew

  // What the tape forgets (tape.h) is made again by the next touch.
  void remade_by(std::function<void(real*)> remake) { remake_ = std::move(remake); }
  void forget() { remake_ ? free() : void(); }

  // The gradient: made (but not touched) on first request, always zero at first touch.
  const std::shared_ptr<Storage>& grad();
  bool has_grad() const { return grad_ && grad_->touched(); }

  Device device() const { return device_; }
  void move_to(Device device);  // the numbers; not the gradient, which is to be made there

  const Index size;

 private:
  const Fill fill_;
  Device device_;
  real* data_ = nullptr;
  std::function<void(real*)> remake_;
  std::shared_ptr<Storage> grad_;
};

}  // namespace seekling
