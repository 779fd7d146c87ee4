// What matrix products read: fp32 as it is, or rounded, on a GPU alone to TF32 (10 bits behind
// the point), or to bf16 (7 bits), whose products are exact in fp32 and are summed there.
// A setting of the thread, since it is a property of a run (--dtype), not of an op.
#pragma once

#include <string>

#include "core/check.h"

namespace seekling {

enum class Products { kFp32, kTf32, kBf16 };

inline Products& products() {
  static thread_local Products now = Products::kFp32;
  return now;
}

// By their name in --dtype.
inline Products products_of(const std::string& dtype) {
  check(dtype == "fp32" || dtype == "tf32" || dtype == "bf16", "--dtype: found ", dtype,
        ", expected fp32, bf16, or, with --device cuda, tf32");
  return dtype == "fp32" ? Products::kFp32 : dtype == "tf32" ? Products::kTf32 : Products::kBf16;
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
