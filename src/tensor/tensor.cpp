#include "tensor/tensor.h"

#include <algorithm>

#include "core/check.h"

namespace seekling {

Shape::Shape(std::initializer_list<Index> dimensions) {
  for (const Index d : dimensions) push_back(d);
}

void Shape::push_back(Index d) {
  check(count_ < kMost, "a shape of more than ", kMost, " dimensions");
  d_[count_++] = d;
}

Index Shape::size() const {
  Index product = 1;
  for (Index d : *this) product *= d;
  return product;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << "[";
  for (Index i = 0; i < shape.count(); ++i) out << (i ? ", " : "") << shape[std::size_t(i)];
  return out << "]";
}

Tensor::Tensor(Shape dimensions, Device device)
    : storage_(std::make_shared<Storage>(dimensions.size(), Storage::Fill::kUndefined, device)),
      shape_(dimensions), ld_(cols()) {}

Tensor Tensor::zeros(Shape dimensions, Device device) {
  Tensor x;
  x.storage_ = std::make_shared<Storage>(dimensions.size(), Storage::Fill::kZero, device);
  x.shape_ = dimensions;
  x.ld_ = x.cols();
  return x;
}

Tensor Tensor::of(Shape dimensions, std::span<const real> values) {
  Tensor x(dimensions);
  check(Index(values.size()) == x.size(), "Tensor::of: found ", values.size(), " values for shape ",
        x.shape());
  std::copy(values.begin(), values.end(), x.data());
  return x;
}

Tensor Tensor::randn(Shape dimensions, Rng& rng, double standard_deviation) {
  Tensor x(dimensions);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = real(standard_deviation * rng.normal());
  return x;
}

real Tensor::item() const {
  check(size() == 1, "item: shape ", shape_, " has ", size(), " elements, expected 1");
  real number = 0;
  copy(Device::kCpu, &number, device(), data(), sizeof number);
  return number;
}

void Tensor::set_item(real x) const {
  check(size() == 1, "set_item: shape ", shape_, " has ", size(), " elements, expected 1");
  copy(device(), data(), Device::kCpu, &x, sizeof x);
}

Tensor Tensor::to(Device device) const {
  if (!defined() || device == this->device()) return *this;
  const Tensor y(shape_, device);
  y.copy_from(*this);
  return y;
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  const Tensor y = like(*this);
  y.copy_from(*this);
  return y;
}

void Tensor::copy_from(const Tensor& x) const {
  check(rows() == x.rows() && cols() == x.cols(), "copy_from: ", x.shape(), " does not fit into ",
        shape_);
  if (size() == 0) return;
  const bool whole = contiguous() && x.contiguous();
  const Index n = whole ? size() : cols();
  for (Index i = 0; i < (whole ? 1 : rows()); ++i)
    copy(device(), data() + i * ld_, x.device(), x.data() + i * x.ld_,
         std::size_t(n) * sizeof(real));
}

Tensor Tensor::reshape(Shape to) const {
  check(to.size() == size(), "reshape: ", shape_, " has ", size(), " elements, ", to, " has ",
        to.size());
  Tensor y = *this;
  y.shape_ = to;
  if (contiguous()) {
    y.ld_ = y.cols();
  } else {  // a strided view: rows may be regrouped, but neither cut nor joined
    check(y.cols() == cols(), "reshape: the rows of ", shape_, " are ", ld_,
          " elements apart and cannot become ", y.shape_);
  }
  return y;
}

Tensor Tensor::slice(Index begin, Index n) const {
  check(!shape_.empty() && begin >= 0 && n >= 0 && begin + n <= dim(0), "slice: [", begin, ", ",
        begin + n, ") is outside the first dimension of ", shape_);
  Tensor y = *this;
  y.shape_[0] = n;
  const bool vector = shape_.count() == 1;
  y.offset_ += vector ? begin : begin * (rows() / std::max<Index>(dim(0), 1)) * ld_;
  if (vector) y.ld_ = n;
  return y;
}

Tensor Tensor::columns(Index begin, Index n) const {
  check(!shape_.empty() && begin >= 0 && n >= 0 && begin + n <= cols(), "columns: [", begin, ", ",
        begin + n, ") is outside the last dimension of ", shape_);
  Tensor y = *this;
  y.shape_.back() = n;
  y.offset_ += begin;
  return y;
}

Tensor Tensor::grad() const {
  Tensor g = *this;
  g.storage_ = storage_->grad();
  return g;
}

void Tensor::remade_by(std::function<void(View)> remake) const {
  check(size() == storage_->size, "remade_by: ", shape_,
        " is part of a tensor, expected a whole one");
  storage_->remade_by([remake = std::move(remake), rows = rows(), cols = cols()](real* data) {
    remake({data, rows, cols, cols});
  });
}

void Tensor::clear_grad() const { storage_->grad()->free(); }

std::pair<Tensor, Tensor> split_at(const Tensor& x, Index n) {
  return {x.columns(0, n), x.columns(n, x.cols() - n)};
}

}  // namespace seekling
