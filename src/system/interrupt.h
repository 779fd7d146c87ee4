// Ctrl-C, and the signals of a system that stops (SIGTERM) or a terminal that is closed (SIGHUP).
// While an Interrupt lives, the first one says so and sets a flag, so that training
// can finish its step and save; the second ends the program at once, with the exit code
// that shells expect.
#pragma once

#include <array>
#include <csignal>

namespace seekling {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();  // restores the earlier actions
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool requested();
  static int exit_code();  // 128 + the signal: 130 for Ctrl-C

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_;
};

}  // namespace seekling
