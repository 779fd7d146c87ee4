// Work for a GPU that is asked for once and done again and again: a CUDA graph.
//
// Asking for a kernel costs the CPU some microseconds, and a token that is written takes
// hundreds of kernels, many of them shorter than that. A recording is asked for in one go.
// Addresses and sizes in it are fixed: what changes has to lie in the GPU's memory. So do
// the numbers that go in and come out, in tensors that live as long as the recording; and how often
// it has been played, by which a kernel that depends on a position can tell at which one it is.
//
//   Recording recording([&] { y = layer(x); });  // asked for, and not done
//   x.copy_from(...);  recording.play();         // y is made
#pragma once

#include <functional>
#include <memory>

#include "tensor/ints.h"

namespace seekling {

class Recording {
 public:
  explicit Recording(const std::function<void()>& ask);  // no copies from or to the CPU, no wait
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  void play();

  static const std::int32_t* plays();  // on the GPU: how often the current recording was played

 private:
  struct Work;

  Ints plays_;
  std::int32_t played_ = 0;
  std::vector<pool::Buffer> buffers_;  // what the work puts its numbers into is nobody else's
  std::unique_ptr<Work> work_;
};

// In a kernel that was handed plays().
constexpr Index times(const std::int32_t* plays) { return plays ? *plays : 0; }

}  // namespace seekling
