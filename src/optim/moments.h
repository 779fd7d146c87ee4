// AdamW's moments m and v of each parameter, in fp32, or in bf16, which halves their memory.
//
// DeepSeek-V3 keeps both in bf16 (arXiv:2412.19437 §3.3.3); parameters, gradients and arithmetic
// stay in fp32. Rounding to bf16 changes a value by at most 2^-8 of itself. Averages still move:
// v moves 1 - β2 = 5 % of the way to g² in each update. If v stops moving, because that step is
// less than half of the last bit, it is within 8 % of its target, and √v within 4 %.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "optim/clip.h"
#include "tensor/tensor.h"

namespace seekling {

struct Kept {  // the storage of a moment: one of the two is nullptr
  real* fp32;
  std::uint16_t* bf16;  // in the format of core/half.h
};

class Moment {
 public:
  // Starts at 0. bf16 is supported on the CPU only.
  Moment(std::string name, const Shape& shape, bool bf16, Device device = Device::kCpu);

  Kept kept() const { return {bf16 ? nullptr : fp32.data(), bf16.get()}; }
  void move_to(Device device) const;

  const std::string name;
  const Shape shape;

 private:
  friend void save_moments(const std::filesystem::path&, const std::vector<Moment>&);
  friend void load_moments(const std::filesystem::path&, const std::vector<Moment>&);
  friend std::string first_unsound(const std::vector<Moment>&);
  Tensor fp32;  // exactly one of the two is used
  std::unique_ptr<std::uint16_t[]> bf16;
};

// n elements of a moment from `begin` on, at most a piece, for reading and writing: in place for
// fp32; for bf16 a copy that the destructor rounds and writes back.
class Lent {
 public:
  Lent(const Kept& moment, Index begin, Index n);
  ~Lent();
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  RowMap numbers() const { return RowMap(data, n); }

 private:
  real copy[kPiece];
  real* data;
  std::uint16_t* bf16;  // the source of the copy; nullptr: in place
  const Index n;
};

// The name of the first moment with a non-finite element, or of a v with a negative one; empty if
// there is none.
std::string first_unsound(const std::vector<Moment>& moments);

// Saves to and loads from a safetensors file, F32 or BF16, bit for bit. Error if a value is
// invalid.
void save_moments(const std::filesystem::path& file, const std::vector<Moment>& moments);
void load_moments(const std::filesystem::path& file, const std::vector<Moment>& moments);

}  // namespace seekling
