// Ctrl-C. While an Interrupt lives, the first one says so and sets a flag, so that training
// can finish its step and save; the second ends the program at once, with the exit code
// 130 that shells expect.
#pragma once

#include <csignal>

namespace seekling {

class Interrupt {
 public:
  static constexpr int kExitCode = 130;  // 128 + SIGINT

  Interrupt();
  ~Interrupt();  // what was in force before is again
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool requested();

 private:
  struct sigaction before;
};

}  // namespace seekling
