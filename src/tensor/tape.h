// The tape. While a `Tape tape;` is alive on this thread, every op that runs leaves one entry:
// its name, what went in and came out, and a closure that carries the gradient from its outputs
// to its inputs. backward(loss) plays the entries from the last to the first and drops each
// as it goes, so activations are freed while gradients are made. No tape, no recording:
// inference needs no guard.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace seekling {

// Is told of each op when it has run, forward and backward: for measuring (report/profile.h).
class TapeWatcher {
 public:
  virtual ~TapeWatcher() = default;
  virtual void forward(const char* op, const std::vector<Tensor>& inputs,
                       const std::vector<Tensor>& outputs) = 0;
  virtual void backward(const char* op) = 0;
};

enum class Cost { kCopy, kArithmetic };  // to recompute a tensor: a pass over memory, or more

class Tape {
 public:
  enum class Keep { kLittle, kWhatGradientsNeed, kEverything };  // kLittle: see remakeable()

  explicit Tape(Keep keep = Keep::kWhatGradientsNeed, TapeWatcher* watcher = nullptr);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // d loss / d everything, for a loss of one number; `seed` is d(what is minimised) / d loss.
  void backward(const Tensor& loss, real seed = 1);

  // On a tape that keeps everything: the first op whose output holds a NaN or an infinity,
  // and what went into it. `op` is empty if there is none.
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
  std::vector<Tensor> remakeable_;  // of the layer at hand
  Tape* const outer_;
};

bool recording();  // is a tape alive on this thread?

// Called by an op after its forward: `backward` adds to the inputs' gradients what
// the outputs' gradients imply.
void record(const char* op, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs,
            std::function<void()> backward);

// Called by an op whose output y backward can make again from what it keeps anyway.
// When the layer is done y is forgotten, and the first op of backward that touches it has it made
// again, the same to the bit. What costs a copy is never kept; what costs arithmetic is kept unless
// the tape keeps little. remake(y) stores into all of y, and must not hold y itself.
void remakeable(const Tensor& y, Cost cost, std::function<void(View)> remake);
void layer_is_done();  // what was remakeable since the last call is not needed until backward

}  // namespace seekling
