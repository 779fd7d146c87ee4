// seekling bench step: how fast this machine trains, op by op, and beside PyTorch.
//
// Weights and ids are random: the work does not depend on what they are, but for the router,
// whose choice is nearly even at the start of training.
#include <cstdio>

#include "bench/bench.h"
#include "interop/checkpoint.h"
#include "model/size.h"
#include "model/transformer.h"
#include "optim/adamw.h"
#include "optim/clip.h"
#include "report/profile.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

// On a GPU, what an op asks for is done later, so there is no profile of ops.
void training_step(const Transformer& model, const AdamW& optimizer, const StepSize& size,
                   Index number, Rng& rng, Profile& profile) {
  const bool here = size.device == Device::kCpu;
  profile.begin_step();
  const Index N = size.batch_size * size.seq_len, V = model.config.vocab_size;
  const Ids ids = random_ids(N, V, rng), targets = random_ids(N, V, rng);
  const Batch batch =
      make_batch({.B = size.batch_size, .T = size.seq_len, .ids = ids, .targets = targets});
  profile.lap("batch");
  {
    const MultiplyIn dtype(size.products);
    Tape tape(size.recompute ? Tape::Keep::kLittle : Tape::Keep::kWhatGradientsNeed,
              here ? &profile : nullptr);
    Losses others;
    const Tensor loss = model.loss(batch, {}, others);
    if (others.balance.defined()) others.balance.grad().set_item(1);  // one tape for both
    tape.backward(loss);
  }
  const double norm = gradient_norm(optimizer.parameters());
  profile.lap("gradient norm");
  optimizer.update(number, 3e-4, clip_factor(norm, 1));
  clear_gradients(optimizer.parameters());
  finish(size.device);
  profile.lap("AdamW");
  profile.end_step();
}

}  // namespace

Json bench_step(const Config& config, const StepSize& size, Index steps) {
  // A model with random weights, and its optimizer.
  const Transformer model(config);
  model.initialise(1);
  model.move_to(size.device);
  const AdamW optimizer(named_parameters(model), {.bf16_moments = size.bf16_moments});
  Rng rng(1);
  Profile profile;

  // Three steps of warm-up, then the measurement. After the warm-up the pool must allocate nothing.
  std::size_t asked = 0;  // how often the system was asked for memory, until the warm-up was over
  const Times t = measure(3, steps, [&](Index i) {
    if (i == 3) asked = pool::allocations(size.device);
    training_step(model, optimizer, size, i + 1, rng, profile);
  });

  // The FLOPs of a step: the backward pass costs twice the forward pass.
  const double tokens = double(size.batch_size * size.seq_len),
               flops = 3 * forward_flops(config, double(size.seq_len + 1) / 2);
  const double peak = size.device == Device::kCpu ? peak_gflops() : 0;  // the CPU's

  // Time and rate of each op.
  Json ops = Json::array();
  for (const Profile::Row& r :
       size.device == Device::kCpu ? profile.rows() : std::vector<Profile::Row>()) {
    const double n = double(profile.steps()), time = r.forward + r.backward;
    const double rate = 1e-9 * (r.forward_flops + r.backward_flops) / time;
    ops.push_back({{"op", r.name},
                   {"calls", double(r.calls) / n},
                   {"forward_ms", 1e3 * r.forward / n},
                   {"backward_ms", 1e3 * r.backward / n},
                   {"share", profile.share(r)},
                   {"gflops", rate},
                   {"share_of_peak", peak > 0 ? rate / peak : 0},
                   {"mib", r.bytes / n / 1048576}});
  }
  return {{"step_ms_median", 1e3 * t.median},
          {"step_ms_min", 1e3 * t.best},
          {"tokens_per_s", tokens / t.median},
          {"tokens_per_s_best", tokens / t.best},
          {"mflop_per_token", flops / 1e6},
          {"gflops", 1e-9 * flops * tokens / t.median},
          {"peak_gflops", peak},
          {"share_of_peak", peak > 0 ? 1e-9 * flops * tokens / t.median / peak : 0},
          {"batch_size", size.batch_size},
          {"seq_len", size.seq_len},
          {"allocations", pool::allocations(size.device) - asked},
          {"explained", profile.explained()},
          {"ops", ops}};
}

void print_step(const Json& result) {
  for (const auto& [key, value] : result.items())
    if (!value.is_array()) print_field(key, value);
  std::printf("\n%-20s %6s %11s %12s %7s %8s %7s %9s\n", "op", "calls", "forward ms", "backward ms",
              "share", "GFLOP/s", "of peak", "MiB");
  for (const Json& r : result["ops"]) {
    const auto number = [&](const char* key) { return r[key].get<double>(); };
    std::printf("%-20s %6.0f %11.2f %12.2f %6.1f%%", r["op"].get<std::string>().c_str(),
                number("calls"), number("forward_ms"), number("backward_ms"),
                100 * number("share"));
    if (number("gflops") > 0)
      std::printf(" %8.1f %6.1f%%", number("gflops"), 100 * number("share_of_peak"));
    else std::printf(" %8s %7s", "", "");
    std::printf(" %9.1f\n", number("mib"));
  }
}

}  // namespace seekling
