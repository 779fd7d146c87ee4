// What matrix products read: fp32 as it is, or rounded to bf16, whose products are exact in fp32 and are summed there. A
// setting of the thread, since it is a property of a run (--dtype), not of an op.
#pragma once

namespace seekling {

enum class Products { kFp32, kBf16 };

inline Products& products() {
  static thread_local Products now = Products::kFp32;
  return now;
}

class MultiplyIn {  // until the end of its scope
 public:
  explicit MultiplyIn(Products how) : before_(products()) { products() = how; }
  ~MultiplyIn() { products() = before_; }
  MultiplyIn(const MultiplyIn&) = delete;
  MultiplyIn& operator=(const MultiplyIn&) = delete;

 private:
  const Products before_;
};

}  // namespace seekling
