// Where a step's time goes. Ops run one after the other, and each is told of when it ends,
// so its time is that since the one before ended: no op has to hold a stopwatch, and nothing falls
// between two. What is no op (the batch, the optimizer) the trainer marks by a lap of its own.
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

  // From the second step on, if there was one: the first fills the memory pool.
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

// What the innermost loop of the matrix products reaches with everything in the nearest cache,
// on all threads: the ceiling for all else, measured anew. 0 where Eigen multiplies.
double peak_gflops();

}  // namespace seekling
