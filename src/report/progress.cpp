// The progress line, the only code that deals with terminals; the training loop passes it the
// metrics of each step.
#include "report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string_view>

namespace seekling {

static constexpr Index kBar = 10;  // characters between the brackets
static constexpr char kEraseLine[] = "\r\x1b[K", kGreen[] = "\x1b[32m", kPlain[] = "\x1b[0m";

ProgressOptions progress_options(Index steps, Index first_moe_layer) {
  const auto variable = [](const char* name) {
    return std::string_view(std::getenv(name) ? std::getenv(name) : "");
  };
  ProgressOptions options{.steps = steps, .first_moe_layer = first_moe_layer};
  options.terminal = ::isatty(STDERR_FILENO) && variable("TERM") != "dumb";
  options.colour = options.terminal && variable("NO_COLOR").empty();
  winsize window{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
    options.terminal_width = window.ws_col;
  return options;
}

std::string clock_text(double seconds) {
  const long long s = std::isfinite(seconds) ? std::llround(std::clamp(seconds, 0.0, 3.6e9)) : 0;
  char text[40];
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", s / 60, s % 60);
  }
  return text;
}

Progress::Progress(ProgressOptions o, std::ostream& to) : options(o), out(to) {}

Progress::~Progress() {
  if (!drawn.empty()) out << "\n" << std::flush;
}

std::string Progress::line(const StepMetrics& m) const {
  const Index filled =
      options.steps > 0 ? std::clamp<Index>(kBar * m.step / options.steps, 0, kBar) : 0;
  const std::string bar = "[" + std::string(filled, '#') + std::string(kBar - filled, '.') + "] ";
  const std::string left = clock_text(double(options.steps - m.step) * seconds_per_step) + " left";
  char numbers[240];
  if (options.terminal) {
    std::snprintf(numbers, sizeof numbers,
                  "%td/%td  %s  loss %.3f  %.0f tokens/s  lr %.2e  grad %.2f", m.step,
                  options.steps, left.c_str(), m.loss, m.tokens_per_s, m.lr, m.grad_norm);
  } else {
    std::snprintf(numbers, sizeof numbers,
                  "%td/%td  loss %.3f  lr %.2e  grad %.2f  %.0f tokens/s  %s", m.step,
                  options.steps, m.loss, m.lr, m.grad_norm, m.tokens_per_s, left.c_str());
  }
  std::string all = (options.terminal ? bar : "step ") + numbers;
  const BusiestExpert busiest = busiest_expert(m.expert_load);
  if (busiest.times == 0) return all;
  std::snprintf(numbers, sizeof numbers, "  expert %td of layer %td: %.1fx", busiest.expert,
                busiest.layer + options.first_moe_layer, busiest.times);
  return all + numbers;
}

void Progress::update(const StepMetrics& m) {
  // A step's time is smoothed over about ten, so that "left" does not jump with every page fault.
  seconds_per_step = seconds_per_step == 0 ? m.seconds : 0.9 * seconds_per_step + 0.1 * m.seconds;
  if (!options.terminal) {
    if (m.step % options.plain_every == 0 || m.step == options.steps)
      out << line(m) << "\n" << std::flush;
    return;
  }
  clear();
  drawn = line(m).substr(0, std::size_t(std::max<Index>(options.terminal_width - 1, kBar + 2)));
  if (options.colour) {
    out << kGreen << drawn.substr(0, kBar + 2) << kPlain << drawn.substr(kBar + 2) << std::flush;
  } else {
    out << drawn << std::flush;
  }
}

void Progress::clear() {
  if (!drawn.empty()) out << kEraseLine;
  drawn.clear();
}

void Progress::note(const std::string& sentence) {
  clear();
  out << sentence << "\n" << std::flush;
}

}  // namespace seekling
