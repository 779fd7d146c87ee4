// Tensor: a handle on shared Storage (copying it copies the handle), an offset, a shape,
// and one stride: `ld`, the distance in elements from one row to the next (a row is the last
// dimension). MLA and SwiGLU only split along the last dimension, so ld makes every split a view
// without a copy. The gradient has the same layout in the same Storage, so the gradient of a view
// is a view too: the tape never sees reshape, split_at or slice.
#pragma once

#include <array>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.h"
#include "tensor/storage.h"
#include "tensor/view.h"

namespace seekling {

// The dimensions, without a heap allocation: a step of inference makes hundreds of small tensors.
class Shape {
 public:
  static constexpr std::size_t kMost = 8;  // dimensions

  Shape() = default;
  Shape(std::initializer_list<Index> dimensions);
  void push_back(Index d);  // Error if there are kMost already

  Index size() const;  // the product of the dimensions
  Index count() const { return Index(count_); }
  bool empty() const { return count_ == 0; }
  Index& operator[](std::size_t i) { return d_[i]; }
  Index operator[](std::size_t i) const { return d_[i]; }
  Index& back() { return d_[count_ - 1]; }
  Index back() const { return d_[count_ - 1]; }
  const Index* begin() const { return d_.data(); }
  const Index* end() const { return d_.data() + count_; }
  bool operator==(const Shape&) const = default;

 private:
  std::array<Index, kMost> d_ = {};
  std::size_t count_ = 0;
};
std::ostream& operator<<(std::ostream& out, const Shape& shape);  // [2, 3, 8]

class Tensor {
 public:
  Tensor() = default;                                               // defined() is false
  explicit Tensor(Shape dimensions, Device device = Device::kCpu);  // contents undefined
  static Tensor zeros(Shape dimensions, Device device = Device::kCpu);
  static Tensor of(Shape dimensions, std::span<const real> values);
  static Tensor randn(Shape dimensions, Rng& rng, double standard_deviation = 1);
  static Tensor like(const Tensor& x) { return Tensor(x.shape_, x.device()); }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  Index dim(Index i) const { return shape_[std::size_t(i)]; }
  Index cols() const { return shape_.empty() ? 1 : shape_.back(); }
  Index rows() const { return size() / std::max<Index>(cols(), 1); }
  Index size() const { return shape_.size(); }
  Index ld() const { return ld_; }
  bool contiguous() const { return ld_ == cols() || rows() <= 1; }

  // As a matrix: all dimensions but the last are merged into rows.
  View view() const { return {storage_->data() + offset_, rows(), cols(), ld_}; }
  operator View() const { return view(); }  // lets ops pass tensors to kernels directly
  real* data() const { return storage_->data() + offset_; }
  real item() const;            // the value of a one-element tensor; waits for a GPU
  void set_item(real x) const;  // sets it, without synchronising

  Device device() const { return storage_ ? storage_->device() : Device::kCpu; }
  Tensor to(Device device) const;  // a copy, or itself if it is already there
  void move_to(Device device) const { storage_->move_to(device); }  // with all of its storage

  Tensor clone() const;                   // a copy with storage of its own
  void copy_from(const Tensor& x) const;  // rows() and cols() must agree

  Tensor reshape(Shape to) const;              // the last dimension changes only if contiguous
  Tensor slice(Index begin, Index n) const;    // [begin, begin + n) of the first dimension
  Tensor columns(Index begin, Index n) const;  // [begin, begin + n) of the last dimension

  // d loss / d this: the same view of the gradient's storage, zero until an op adds to it. A
  // closure that needs the gradient of y but not y itself captures only `y.grad()`, so y is freed.
  Tensor grad() const;
  bool has_grad() const { return storage_->has_grad(); }
  void clear_grad() const;  // of the whole storage
  // For an op that would add to this gradient: true if the op must store instead, because the
  // gradient is untouched; this avoids filling it with zeros first. Always false for a tensor that
  // is only a part of its storage.
  bool claim() const { return size() == storage_->size && storage_->claim(); }
  bool touched() const { return storage_->touched(); }

  void remade_by(std::function<void(View)> remake) const;  // refills it after forget()
  void forget() const { storage_->forget(); }              // frees it if it can be recomputed
  bool same_storage(const Tensor& other) const { return storage_ == other.storage_; }

 private:
  std::shared_ptr<Storage> storage_;
  Index offset_ = 0;
  Shape shape_;
  Index ld_ = 0;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;  // checkpoint names, in order

// The first n columns and the rest.
std::pair<Tensor, Tensor> split_at(const Tensor& x, Index n);

}  // namespace seekling
