#include "report/profile.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/parallel.h"
#include "matmul/gemm_kernel.h"

namespace seekling {

namespace {

struct Work {
  double forward = 0, backward = 0;
};

// An op whose inputs are rows and weights multiplies each row with one matrix of out·in numbers:
// 2·out·in operations. Going back there are two such products, into the rows and into the weights
// (ops/linear.cpp). The head makes its gradients while it goes forward (ops/cross_entropy.cpp).
// Attention, whose products the mask cuts, is not counted.
Work products(std::string_view op, const std::vector<Tensor>& inputs) {
  const bool one = op == "linear" || op == "head_cross_entropy",
             many = op == "grouped_linear" || op == "per_head";
  if (!one && !many) return {};
  const Tensor &x = inputs[0], &W = inputs[1];
  const double matrices = many ? double(W.dim(0)) : 1;  // a row uses one expert's or one head's
  const double product = 2 * double(x.rows()) * double(W.size()) / matrices;
  return op == "head_cross_entropy" ? Work{3 * product, 0} : Work{product, 2 * product};
}

}  // namespace

void Profile::begin_step() {
  if (first_ && steps_ == 1) rows_.clear(), steps_ = 0, seconds_ = 0, first_ = false;
  begin_ = last_ = Clock::now();
}

void Profile::end_step() {
  seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count();
  ++steps_;
}

double Profile::since_last() {
  const Clock::time_point before = std::exchange(last_, Clock::now());
  return std::chrono::duration<double>(last_ - before).count();
}

Profile::Row& Profile::row(const char* name) {
  for (Row& r : rows_)
    if (r.name == name) return r;
  rows_.push_back({.name = name});
  return rows_.back();
}

void Profile::forward(const char* op, const std::vector<Tensor>& inputs,
                      const std::vector<Tensor>& outputs) {
  Row& r = row(op);
  for (const std::vector<Tensor>* tensors : {&inputs, &outputs})
    for (const Tensor& t : *tensors) r.bytes += 2 * double(t.size()) * sizeof(real);
  const Work work = products(op, inputs);
  r.forward += since_last(), r.forward_flops += work.forward, r.backward_flops += work.backward;
  ++r.calls;
}

void Profile::backward(const char* op) { row(op).backward += since_last(); }

void Profile::lap(const char* part) {
  Row& r = row(part);
  r.forward += since_last();
  ++r.calls;
}

double Profile::share(const Row& row) const {
  return seconds_ > 0 ? (row.forward + row.backward) / seconds_ : 0;
}

double Profile::explained() const {
  double sum = 0;
  for (const Row& r : rows_) sum += share(r);
  return sum;
}

std::string Profile::table() const {
  if (steps_ == 0) return "profile: no step was taken\n";
  std::vector<Row> sorted = rows_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Row& a, const Row& b) {
    return a.forward + a.backward > b.forward + b.backward;
  });
  const double per_step = 1e3 / double(steps_);
  char line[160];
  std::snprintf(line, sizeof line, "profile of %td step%s, %.2f ms each%s\n", steps_,
                steps_ == 1 ? "" : "s", seconds_ * per_step,
                first_ ? "" : "; the first, which fills the memory pool, is left out");
  std::string out = line;
  const double peak = peak_gflops();
  out +=
      "  op                   calls  forward ms  backward ms   share       MiB  GFLOP/s  of peak\n";
  for (const Row& r : sorted) {
    const double seconds = r.forward + r.backward, flops = r.forward_flops + r.backward_flops;
    std::snprintf(line, sizeof line, "  %-18s %7.0f  %10.2f  %11.2f  %5.1f%% %9.1f", r.name.c_str(),
                  double(r.calls) / double(steps_), r.forward * per_step, r.backward * per_step,
                  100 * share(r), r.bytes / double(steps_) / 1048576);
    out += line;
    const double rate = 1e-9 * flops / std::max(seconds, 1e-12);
    std::snprintf(line, sizeof line, "  %7.1f  %6.1f%%", rate, peak > 0 ? 100 * rate / peak : 0);
    out += (flops > 0 ? line : std::string()) + "\n";
  }
  std::snprintf(line, sizeof line, "  together %.1f%% of the step\n", 100 * explained());
  return out + line;
}

double peak_gflops() {
  const GemmInstructions* cpu = gemm_instructions();
  if (!cpu) return 0;
  constexpr Index K = 64, kCalls = 20000;
  double best = 0;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    parallel_for(threads(), 1, [&](Index) {
      const std::vector<real> a(size_t(cpu->rows * K), real(0.5)),
          b(size_t(cpu->cols * K), real(0.5));
      std::vector<real> c(size_t(cpu->rows * cpu->cols));
      for (Index n = 0; n < kCalls; ++n)
        cpu->multiply(c.data(), cpu->cols, cpu->rows, cpu->cols, a.data(), K, b.data(), cpu->cols,
                      K, false);
    });
    const double time =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = std::max(best, 2e-9 * double(cpu->rows * cpu->cols * K * kCalls * threads()) / time);
  }
  return best;
}

}  // namespace seekling
