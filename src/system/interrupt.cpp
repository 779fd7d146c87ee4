// A signal handler may hardly do anything: it runs between any two instructions, perhaps inside
// malloc. Setting a flag of this type, write and _exit are among the few things allowed.
#include "system/interrupt.h"

#include <unistd.h>

#include <cerrno>

namespace seekling {

static volatile std::sig_atomic_t received = 0;  // the first signal

static void on_signal(int number) {
  if (received) ::_exit(128 + number);
  received = number;
  const int before = errno;  // of what was interrupted
  static constexpr char kCtrlC[] =
      "\nfinishing this step and saving; Ctrl-C again leaves at once\n";
  static constexpr char kOther[] =
      "\nfinishing this step and saving; a second signal leaves at once\n";
  [[maybe_unused]] const auto written = number == SIGINT
                                            ? ::write(STDERR_FILENO, kCtrlC, sizeof kCtrlC - 1)
                                            : ::write(STDERR_FILENO, kOther, sizeof kOther - 1);
  errno = before;
}

Interrupt::Interrupt() {
  received = 0;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // a write that it interrupts continues
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &action, &before_[i]);
    const bool ignored = before_[i].sa_handler == SIG_IGN;
    if (ignored && kSignals[i] == SIGHUP) sigaction(SIGHUP, &before_[i], nullptr);  // nohup
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

bool Interrupt::requested() { return received != 0; }

int Interrupt::exit_code() { return 128 + received; }

}  // namespace seekling
