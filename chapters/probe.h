// A probe shows the machine the numbers of a file: an exercise's probe runs the file's
// functions on random inputs and hands over what comes out. The same probe, with the same seed,
// is built into the reader's program, into the reference and into each known mistake;
// `seekling check` compares what they wrote down.
//
//   void seekling::probe(Probe& probe) {
//     const Tensor x = Tensor::randn({probe.between(1, 3), 5}, probe.rng);  // randomness first
//     probe.exercise("4.1", text("x ", x.shape()),
//                    [&] { probe.see("y", rms_norm(x, gain, 1e-6)); });
//     probe.exercise("4.2", ...
//   }
#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "core/check.h"
#include "core/rng.h"

namespace seekling {

class Probe {
 public:
  Probe(std::uint64_t seed, const char* path) : rng(seed), file_(std::fopen(path, "w")) {
    check(file_ != nullptr, path, ": cannot be written");
  }
  ~Probe() { std::fclose(file_); }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // Both ends are included.
  Index between(Index low, Index high) { return low + rng.below(high - low + 1); }

  // What `look` sees belongs to exercise `number`; `inputs` says in a few words what it is run on.
  // What it throws is written down and ends this exercise alone.
  void exercise(const char* number, const std::string& inputs, const std::function<void()>& look) {
    std::fprintf(file_, "exercise %s on %s\n", number, one_line(inputs).c_str());
    std::fflush(file_);  // so that it is known where a crash happened
    try {
      look();
      std::fprintf(file_, "end\n");
    } catch (const std::exception& e) {
      std::fprintf(file_, "threw %s\n", one_line(e.what()).c_str());
    }
    std::fflush(file_);
  }

  // One number, by a name without spaces: y[0,2]. Two numbers are equal if they differ by no more
  // than `tolerance` times the larger of 1 and the expected one; 0 is for counts and ids.
  void see(const std::string& name, double value, double tolerance = kTolerance) {
    std::fprintf(file_, "%s %.17g %g\n", name.c_str(), value, tolerance);
  }

  // All numbers of something with a size: theta[3].
  template <class Numbers>
  void see_list(const std::string& name, const Numbers& numbers, double tolerance = kTolerance) {
    see(name + ".size", double(std::size(numbers)), 0);
    Index i = 0;
    for (const auto& number : numbers) see(text(name, "[", i++, "]"), double(number), tolerance);
  }

  // All numbers of a tensor: y[1,0,3].
  template <class TensorLike>
  requires requires(const TensorLike& x) { x.view(); }
  void see(const std::string& name, const TensorLike& x, double tolerance = kTolerance) {
    for (Index d = 0; d < x.shape().count(); ++d)
      see(text(name, ".dim(", d, ")"), double(x.dim(d)), 0);
    const auto view = x.view();
    for (Index i = 0; i < view.rows; ++i)
      for (Index j = 0; j < view.cols; ++j)
        see(place(name, x, i, j), double(view(i, j)), tolerance);
  }

  Rng rng;
  static constexpr double kTolerance = sizeof(real) == 8 ? 1e-9 : 1e-4;

 private:
  template <class TensorLike>
  static std::string place(const std::string& name, const TensorLike& x, Index row, Index column) {
    std::string indices = std::to_string(column);
    for (Index d = x.shape().count() - 2; d >= 0; --d) {
      indices = std::to_string(row % x.dim(d)) + "," + indices;
      row /= x.dim(d);
    }
    return name + "[" + indices + "]";
  }

  static std::string one_line(std::string words) {
    for (char& c : words)
      if (c == '\n' || c == '\r') c = ' ';
    return words;
  }

  std::FILE* file_;
};

void probe(Probe& probe);  // the exercise's own

}  // namespace seekling
