// Twin against twin: an op on the CPU and on the GPU (or its emulation), outputs and gradients.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "cuda/emulation.h"
#include "tensor/tape.h"
#include "tensor/tensor.h"

namespace seekling {

// Built for the emulation, or for a GPU that is there?
inline bool has_cuda() { return !built_for_gpus() || has_gpu(); }

// Runs `work` in other orders of threads than the usual one; on a GPU, which orders
// them itself, once more.
inline void in_other_orders(const std::function<void()>& work) {
  if (built_for_gpus()) return work();
  using emulation::Order, emulation::Schedule;
  const Schedule usual = emulation::schedule();
  for (const Schedule other :
       {Schedule{Order::kReverse}, Schedule{Order::kRandom, 1}, Schedule{Order::kRandom, 2}}) {
    emulation::schedule() = other;
    work();
  }
  emulation::schedule() = usual;
}

using Op = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;  // inputs to outputs

// Outputs, then the gradients of the inputs when those of the outputs are random
// numbers, all on the CPU.
inline std::vector<Tensor> outputs_and_gradients(const Op& op, const std::vector<Tensor>& inputs,
                                                 Device device) {
  std::vector<Tensor> there;
  for (const Tensor& x : inputs) {
    there.push_back(Tensor::of(x.shape(), std::vector<real>(x.data(), x.data() + x.size())));
    there.back().move_to(device);
  }
  std::vector<Tensor> results;
  Tape tape;
  Rng rng(77);
  for (const Tensor& y : op(there)) {
    results.push_back(y.to(Device::kCpu));
    const Tensor d = Tensor::randn(y.shape(), rng);
    copy(device, y.grad().data(), Device::kCpu, d.data(), std::size_t(d.size()) * sizeof(real));
  }
  const Tensor end = Tensor::zeros({1});  // nothing flows from it
  tape.backward(end);
  for (const Tensor& x : there) results.push_back(x.grad().to(Device::kCpu));
  return results;
}

// Emulated, blocks, warps and lanes run in several orders: the same bits must come of each.
inline void expect_twins(const Op& op, const std::vector<Tensor>& inputs, double tolerance = 1e-5) {
  if (!has_cuda()) GTEST_SKIP() << "this machine has no GPU";
  const auto cpu = outputs_and_gradients(op, inputs, Device::kCpu);
  const auto cuda = outputs_and_gradients(op, inputs, Device::kCuda);
  in_other_orders([&] {
    const auto again = outputs_and_gradients(op, inputs, Device::kCuda);
    for (std::size_t i = 0; i < cuda.size(); ++i)
      EXPECT_TRUE(cuda[i].view().matrix() == again[i].view().matrix())
          << "result " << i << " depends on the order";
  });
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    const double size =
        1 + double(cpu[i].view().matrix().cwiseAbs().maxCoeff<Eigen::PropagateNaN>());
    const Matrix off = cpu[i].view().matrix() - cuda[i].view().matrix();
    // A NaN fails, too.
    EXPECT_LE(double(off.cwiseAbs().maxCoeff<Eigen::PropagateNaN>()), tolerance * size) << i;
  }
}

// Outputs alone.
inline void expect_same_outputs(const Op& op, const std::vector<Tensor>& inputs,
                                double tolerance = 1e-5) {
  if (!has_cuda()) GTEST_SKIP() << "this machine has no GPU";
  std::vector<Tensor> there;
  for (const Tensor& x : inputs) there.push_back(x.to(Device::kCuda));
  const std::vector<Tensor> cpu = op(inputs), cuda = op(there);
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    const double size =
        1 + double(cpu[i].view().matrix().cwiseAbs().maxCoeff<Eigen::PropagateNaN>());
    const Tensor back = cuda[i].to(Device::kCpu);
    const Matrix off = cpu[i].view().matrix() - back.view().matrix();
    EXPECT_LE(double(off.cwiseAbs().maxCoeff<Eigen::PropagateNaN>()), tolerance * size) << i;
  }
}

}  // namespace seekling
