// A signal handler may hardly do anything: it runs between any two instructions, perhaps inside
// malloc. Setting a flag of this type, write and _exit are among the few things allowed.
#include "system/interrupt.h"

#include <unistd.h>

#include <cerrno>

namespace seekling {

static volatile std::sig_atomic_t pressed = 0;

static void on_signal(int) {
  if (pressed) ::_exit(Interrupt::kExitCode);
  pressed = 1;
  const int before = errno;  // of what was interrupted
  static constexpr char kSaid[] = "\nfinishing this step and saving; Ctrl-C again leaves at once\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kSaid, sizeof kSaid - 1);
  errno = before;
}

Interrupt::Interrupt() {
  pressed = 0;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // a write that it falls into goes on
  sigaction(SIGINT, &action, &before);
}

Interrupt::~Interrupt() { sigaction(SIGINT, &before, nullptr); }

bool Interrupt::requested() { return pressed != 0; }

}  // namespace seekling
