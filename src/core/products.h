// The precision to which a matrix product rounds its inputs: fp32 (no rounding), bf16 (7 mantissa
// bits) or, on GPUs only, TF32 (10 bits). Products of rounded values are exact in fp32, and sums
// are kept in fp32. The setting is per thread: it belongs to a run (--dtype), not to an op.
#pragma once

#include <string>

#include "core/check.h"

namespace seekling {

enum class Products { kFp32, kTf32, kBf16 };

inline Products& products() {
  static thread_local Products now = Products::kFp32;
  return now;
}

// By the names of --dtype.
inline Products products_of(const std::string& dtype) {
  check(dtype == "fp32" || dtype == "tf32" || dtype == "bf16", "--dtype: found ", dtype,
        ", expected fp32, bf16, or, with --device cuda, tf32");
  return dtype == "fp32" ? Products::kFp32 : dtype == "tf32" ? Products::kTf32 : Products::kBf16;
}

class MultiplyIn {  // sets the precision until the end of its scope
 public:
  explicit MultiplyIn(Products how) : before_(products()) { products() = how; }
  ~MultiplyIn() { products() = before_; }
  MultiplyIn(const MultiplyIn&) = delete;
  MultiplyIn& operator=(const MultiplyIn&) = delete;

 private:
  const Products before_;
};

}  // namespace seekling
