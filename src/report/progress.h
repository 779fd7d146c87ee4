// The progress of training, on stderr: on a terminal one line that is redrawn, elsewhere
// a plain line now and then.
//
//   [###.......] 180/600  1:02 left  loss 2.413  12400 tokens/s  lr 1.00e-03  grad 0.87 ...
//
// The line ends with the busiest expert, "expert 5 of layer 2: 1.8x".
// A narrow terminal cuts off its end.
#pragma once

#include <iosfwd>
#include <string>

#include "core/real.h"
#include "report/metrics.h"

namespace seekling {

struct ProgressOptions {
  Index steps = 0;            // of the whole run
  Index plain_every = 10;     // without a terminal: steps between lines; the last has one
  Index first_moe_layer = 0;  // layers count as in the model: dense first
  bool terminal = false;      // redraw the line; terminal_width cuts it to one line
  bool colour = false;
  Index terminal_width = 80;
};

// As the environment has it: a terminal on stderr (but TERM=dumb), its width, and colour
// unless NO_COLOR is set.
ProgressOptions progress_options(Index steps, Index first_moe_layer);

class Progress {
 public:
  Progress(ProgressOptions options, std::ostream& out);
  ~Progress();  // leaves the cursor on a line of its own

  void update(const StepMetrics& metrics);
  void note(const std::string& sentence);  // a line that stays, such as an evaluation or a sample

 private:
  std::string line(const StepMetrics& metrics) const;
  void clear();

  ProgressOptions options;
  std::ostream& out;
  double seconds_per_step = 0;
  std::string drawn;  // the line on the terminal now
};

std::string clock_text(double seconds);  // 0:42, 12:05, 3:10:00

}  // namespace seekling
