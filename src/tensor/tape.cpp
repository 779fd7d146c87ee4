#include "tensor/tape.h"

#include "core/check.h"
#include "core/products.h"

namespace seekling {

static thread_local Tape* active = nullptr;

Tape::Tape(Keep keep, TapeWatcher* watcher) : keep_(keep), watcher_(watcher), outer_(active) {
  active = this;
}
Tape::~Tape() { active = outer_; }

bool recording() { return active != nullptr; }

void record(const char* op, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs,
            std::function<void()> backward) {
  if (!active) return;
  Tape::Entry entry{op, {}, {}, {}, [how = products(), backward = std::move(backward)] {
                      const MultiplyIn as_forward(how);
                      backward();
                    }};
  for (const Tensor& y : outputs) entry.gradients.push_back(y.grad());
  if (active->keep_ == Tape::Keep::kEverything) entry.inputs = inputs, entry.outputs = outputs;
  active->entries_.push_back(std::move(entry));
  if (active->watcher_) active->watcher_->forward(op, inputs, outputs);
}

void remakeable(const Tensor& y, Cost cost, std::function<void(View)> remake) {
  if (!active || active->keep_ == Tape::Keep::kEverything) return;
  if (cost == Cost::kArithmetic && active->keep_ != Tape::Keep::kLittle) return;
  y.remade_by(std::move(remake));
  active->remakeable_.push_back(y);
}

void layer_is_done() {
  if (!active) return;
  for (const Tensor& y : active->remakeable_) y.forget();
  active->remakeable_.clear();
}

void Tape::backward(const Tensor& loss, real seed) {
  check(loss.size() == 1, "backward: the loss has shape ", loss.shape(), ", expected one element");
  const Tensor d = loss.grad();
  d.set_item(d.touched() ? d.item() + seed : seed);
  active = nullptr;  // ops inside closures are not recorded
  while (!entries_.empty()) {
    Entry entry = std::move(entries_.back());
    entries_.pop_back();
    bool flowed = false;
    for (const Tensor& dy : entry.gradients) flowed = flowed || dy.touched();
    if (!flowed) continue;
    entry.backward();
    if (watcher_) watcher_->backward(entry.op);
  }
  active = this;
}

Tape::Suspect Tape::first_not_finite() const {
  for (const Entry& entry : entries_)
    for (const Tensor& y : entry.outputs)
      if (!y.to(Device::kCpu).view().matrix().allFinite()) return {entry.op, entry.inputs};
  return {};
}

}  // namespace seekling
