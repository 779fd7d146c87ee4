// The tape of reverse-mode automatic differentiation. While a `Tape tape;` is alive on this thread,
// every op appends one entry: its name, its inputs and outputs, and a closure that carries the
// gradient from its outputs to its inputs. backward(loss) runs the entries in reverse and drops
// each one afterwards, so activations are freed while gradients are computed. Without a tape
// nothing is recorded: inference needs no guard.
//
//   forward, which appends ──────────────────────────────────────────▶
//   x ──▶ linear ──▶ a ──▶ swiglu ──▶ y ──▶ cross_entropy ──▶ loss        x [..,D]  a [..,2F]
//         entry 0          entry 1          entry 2                       y [..,F]  loss [1]
//   dx ◀── closure 0 ◀── da ◀── closure 1 ◀── dy ◀── closure 2 ◀── seed   each d as its tensor
//   ◀────────────────────────────────────── backward, which runs and drops
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

// A callback after each op, forward and backward. The profiler uses it (report/profile.h).
class TapeWatcher {
 public:
  virtual ~TapeWatcher() = default;
  virtual void forward(const char* op, const std::vector<Tensor>& inputs,
                       const std::vector<Tensor>& outputs) = 0;
  virtual void backward(const char* op) = 0;
};

enum class Cost { kCopy, kArithmetic };  // of recomputing a tensor: one pass over memory, or more

class Tape {
 public:
  // kLittle: activation checkpointing, see remakeable().
  enum class Keep { kLittle, kWhatGradientsNeed, kEverything };

  explicit Tape(Keep keep = Keep::kWhatGradientsNeed, TapeWatcher* watcher = nullptr);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // Computes d loss / dx for every recorded x. The loss is a scalar; `seed` is the gradient of the
  // minimised objective with respect to this loss.
  void backward(const Tensor& loss, real seed = 1);

  // The first op whose output contains a NaN or an infinity, and the op's inputs. `op` is empty if
  // there is none. Only for a tape that keeps everything.
  struct Suspect {
    std::string op;
    std::vector<Tensor> inputs;
  };
  Suspect first_not_finite() const;

  Index size() const { return Index(entries_.size()); }

 private:
  struct Entry {
    const char* op;
    std::vector<Tensor> inputs, outputs;  // empty unless the tape keeps everything
    std::vector<Tensor> gradients;        // of the outputs: may be untouched
    std::function<void()> backward;
  };
  friend void record(const char*, const std::vector<Tensor>&, const std::vector<Tensor>&,
                     std::function<void()>);
  friend void remakeable(const Tensor&, Cost, std::function<void(View)>);
  friend void layer_is_done();

  const Keep keep_;
  TapeWatcher* const watcher_;
  std::vector<Entry> entries_;
  std::vector<Tensor> remakeable_;  // of the current layer
  Tape* const outer_;
};

bool recording();  // is a tape alive on this thread?

// An op calls this after its forward pass. `backward` reads the outputs' gradients and adds to
// the inputs' gradients.
void record(const char* op, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs,
            std::function<void()> backward);

// Activation checkpointing for one output. An op calls this if the backward pass can recompute its
// output y from tensors that the tape keeps anyway. y is freed at the end of the layer; the first
// op of the backward pass that touches y recomputes it, bit for bit. Outputs of kCopy are always
// freed, outputs of kArithmetic only by a tape with Keep::kLittle. remake(y) must fill all of y and
// must not capture y.
void remakeable(const Tensor& y, Cost cost, std::function<void(View)> remake);
void layer_is_done();  // frees all outputs that became remakeable since the last call

}  // namespace seekling
