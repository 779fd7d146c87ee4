// A profile of training steps. Ops run one after another, and each reports when it ends; its time
// is the interval since the previous op ended, so ops need no timers and no time is lost between
// them. The trainer reports parts that are not ops (the batch, the optimizer) by lap().
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tensor/tape.h"

namespace seekling {

class Profile : public TapeWatcher {
 public:
  struct Row {
    std::string name;
    Index calls = 0;
    double forward = 0, backward = 0;              // seconds
    double forward_flops = 0, backward_flops = 0;  // of matrix products; 0: not known
    double bytes = 0;  // of inputs, outputs and their gradients, each moved once: the minimum
  };

  void begin_step();
  void forward(const char* op, const std::vector<Tensor>& inputs,
               const std::vector<Tensor>& outputs) override;
  void backward(const char* op) override;
  void lap(const char* part);  // what ran since the last lap is this part of the step
  void end_step();

  // Without the first step, which fills the memory pool, if there was a second one.
  const std::vector<Row>& rows() const { return rows_; }
  Index steps() const { return steps_; }
  double share(const Row& row) const;  // of the steps' time
  double explained() const;            // the share of all rows together
  std::string table() const;

 private:
  using Clock = std::chrono::steady_clock;
  Row& row(const char* name);
  double since_last();

  std::vector<Row> rows_;
  Index steps_ = 0;
  double seconds_ = 0;
  bool first_ = true;
  Clock::time_point begin_, last_;
};

// The speed of the innermost loop of the matrix products with all operands in the L1 cache, on all
// threads, measured now: the upper bound for everything else. 0 if Eigen multiplies.
double peak_gflops();

}  // namespace seekling
