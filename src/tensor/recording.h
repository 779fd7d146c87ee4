// A CUDA graph: GPU work that is captured once and replayed many times.
//
// Launching a kernel costs the CPU some microseconds, and generating a token takes hundreds of
// kernels, many of them shorter than that. A recording is launched in one call. Its addresses and
// sizes are fixed, so everything that changes must be in GPU memory: the inputs and outputs, in
// tensors that live as long as the recording, and the replay count, from which a kernel that
// depends on the position computes it.
//
//   Recording recording([&] { y = layer(x); });  // captured, not run
//   x.copy_from(...);  recording.play();         // computes y
#pragma once

#include <functional>
#include <memory>

#include "tensor/ints.h"

namespace seekling {

class Recording {
 public:
  explicit Recording(const std::function<void()>& ask);  // must not copy from or to the CPU or wait
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  void play();

  static const std::int32_t* plays();  // on the GPU: how often this recording was played

 private:
  struct Work;

  Ints plays_;
  std::int32_t played_ = 0;
  std::vector<pool::Buffer> buffers_;  // of the captured work; given back at the end
  std::unique_ptr<Work> work_;
};

// The replay count, read in a kernel whose argument is plays().
constexpr Index times(const std::int32_t* plays) { return plays ? *plays : 0; }

}  // namespace seekling
