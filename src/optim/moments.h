// AdamW's memory of past gradients: m and v of each parameter, in fp32,
// or in bf16, which halves it.
//
// DeepSeek-V3 keeps both in bf16 (arXiv:2412.19437 §3.3.3); parameters, gradients and arithmetic
// stay in fp32. A number that comes back is off by 2^-8 of itself at most. Averages still move:
// v takes 1 - β2 = 5 % of the way to g² each time, so one that stands still, because the step
// is less than half of the last bit, is within 8 % of where it was going, and √v within 4 %.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "optim/clip.h"
#include "tensor/tensor.h"

namespace seekling {

struct Kept {  // where a moment's numbers lie: one of the two is nullptr
  real* fp32;
  std::uint16_t* bf16;  // as core/half.h has it
};

class Moment {
 public:
  // It starts at 0. bf16 is for the CPU only.
  Moment(std::string name, const Shape& shape, bool bf16, Device device = Device::kCpu);

  Kept kept() const { return {bf16 ? nullptr : fp32.data(), bf16.get()}; }
  void move_to(Device device) const;

  const std::string name;
  const Shape shape;

 private:
  friend void save_moments(const std::filesystem::path&, const std::vector<Moment>&);
  friend void load_moments(const std::filesystem::path&, const std::vector<Moment>&);
  friend std::string first_unsound(const std::vector<Moment>&);
  Tensor fp32;  // one of the two is there
  std::unique_ptr<std::uint16_t[]> bf16;
};

// n numbers of a moment from `begin` on, at most a piece, to be read and changed: in place, or,
// of bf16, as a copy that is rounded and put back when it goes.
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
  std::uint16_t* bf16;  // where the copy came from; nullptr: there is none
  const Index n;
};

// The name of the first moment with a number that is not finite, or of a v with one below 0; empty
// if there is none.
std::string first_unsound(const std::vector<Moment>& moments);

// A file of safetensors, F32 or BF16: the same bits come back. Error if one of them is unsound.
void save_moments(const std::filesystem::path& file, const std::vector<Moment>& moments);
void load_moments(const std::filesystem::path& file, const std::vector<Moment>& moments);

}  // namespace seekling
