// seekling bench kernels and bench decode on a GPU.
//
// A kernel's time is that of many launches in a row, waited for once. Beside what it moves a second
// stands its share of what a plain copy on the card moves, beside what it multiplies nothing:
// what the card could, its data sheet says.
#include <cstdio>

#include "attention/attention.h"
#include "attention/rope.h"
#include "bench/bench.h"
#include "experts/dispatch.h"
#include "infer/gpu_generator.h"
#include "matmul/gemm.h"
#include "ops/add.h"
#include "ops/rms_norm.h"
#include "ops/swiglu.h"
#include "optim/adamw.h"
#include "tensor/tape.h"

namespace seekling {

namespace {

constexpr Device kGpu = Device::kCuda;

Tensor numbers(Shape shape) {  // small: values do not matter, NaNs and denormals may
  Tensor x(shape);
  Rng rng(1);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = real(rng.uniform() - 0.5);
  return x.to(kGpu);
}

double time_of(const std::function<void()>& kernel) {
  constexpr Index kLaunches = 10;
  return measure(1, 5,
                 [&](Index) {
                   for (Index i = 0; i < kLaunches; ++i) kernel();
                   finish(kGpu);
                 })
             .median /
         double(kLaunches);
}

struct Table {
  Json rows = Json::array();
  double copy = 0;  // bytes a second

  void moves(const char* name, double bytes, const std::function<void()>& kernel) {
    const double rate = bytes / time_of(kernel);
    if (copy == 0) copy = rate;
    rows.push_back({{"kernel", name}, {"gb_per_s", 1e-9 * rate}, {"share_of_copy", rate / copy}});
    say();
  }
  void multiplies(const std::string& name, double flops, const std::function<void()>& kernel) {
    rows.push_back({{"kernel", name}, {"tflop_per_s", 1e-12 * flops / time_of(kernel)}});
    say();
  }
  void say() const {  // as it goes: a later one may fail
    const Json& r = rows.back();
    if (r.contains("gb_per_s"))
      std::fprintf(stderr, "%-34s %9.0f GB/s  %5.1f%% of a copy\n",
                   r["kernel"].get<std::string>().c_str(), r["gb_per_s"].get<double>(),
                   100 * r["share_of_copy"].get<double>());
    else
      std::fprintf(stderr, "%-34s %9.2f TFLOP/s\n", r["kernel"].get<std::string>().c_str(),
                   r["tflop_per_s"].get<double>());
  }
};

// What passes over memory once, N rows of D numbers.
void element_wise(Table& table) {
  const Index N = 16384, D = 2048;
  const double block = double(N * D * Index(sizeof(real)));
  const Tensor x = numbers({N, D}), y = numbers({N, D}), z = numbers({N, D}), g = numbers({D}),
               dg = numbers({D});
  const Tensor r({N}, kGpu), wide = numbers({N, 2 * D}), d_wide = numbers({N, 2 * D});
  table.moves("copy", 2 * block, [&] { y.copy_from(x); });
  table.moves("add", 3 * block, [&] { cuda::add_forward(z, x, y); });
  table.moves("rms_norm", 2 * block, [&] { cuda::rms_norm_forward(y, r, x, g, real(1e-6)); });
  table.moves("rms_norm, backward", 3 * block,
              [&] { cuda::rms_norm_backward(z, Accumulate::kNo, dg, y, x, g, r); });
  table.moves("swiglu", 3 * block, [&] { cuda::swiglu_forward(y, wide); });
  table.moves("swiglu, backward", 5 * block,
              [&] { cuda::swiglu_backward(d_wide, Accumulate::kNo, y, wide); });
  const Rotary rotary = Rotary::plain(64, 10000);
  const View rows{x.data(), N * D / 64, 64, 64}, turned{y.data(), N * D / 64, 64, 64};
  table.moves("rope", 2 * block,
              [&] { cuda::turn(turned, rows, N / 4, D / 64, 0, rotary, +1, false); });
  const std::vector<ParameterUpdate> update{
      {x.data(), y.data(), {z.data(), nullptr}, {d_wide.data(), nullptr}, N * D, real(1e-5)}};
  d_wide.copy_from(wide);
  const Rates rates{
      .beta1 = real(0.9), .beta2 = real(0.95), .eps = real(1e-8), .clip = 1, .step = 0, .root = 1};
  table.moves("AdamW", 7 * block, [&] { cuda::adamw_update(update, rates); });
}

void products(Table& table) {
  const Index n = 4096;
  const Tensor a = numbers({n, n}), b = numbers({n, n}), c = numbers({n, n});
  for (const char* dtype : {"fp32", "tf32", "bf16"}) {
    const MultiplyIn how(products_of(dtype));
    table.multiplies(std::string("gemm, 4096^3, ") + dtype, 2.0 * double(n) * double(n) * double(n),
                     [&] { cuda::gemm_nt(c, a, b); });
  }
  const Index E = 64, K = 6, N = 8192, D = 1024, m = 512;
  const Tensor x = numbers({N, D}), W = numbers({E, 2 * m, D});
  const Plan plan(route(numbers({N, E}), {}, {.K = K}));
  const Tensor xs = dispatch(x, plan), dy = numbers({N * K, 2 * m}), dW = numbers({E, 2 * m, D});
  const double flops = 2.0 * double(N * K) * double(D) * double(2 * m);
  for (const char* dtype : {"fp32", "tf32", "bf16"}) {
    const MultiplyIn how(products_of(dtype));
    table.multiplies(std::string("64 experts' linear layers, ") + dtype, flops,
                     [&] { grouped_linear(xs, W, plan); });
    table.multiplies(std::string("64 experts' dW, ") + dtype, flops,
                     [&] { cuda::grouped_linear_to_W(dW, Accumulate::kNo, dy, xs, plan); });
  }
}

void attentions(Table& table) {
  const Index B = 4, T = 2048, H = 16, nope = 128, rope = 64, v = 128, rank = 512;
  const auto part = [](Index b, Index t, Index h, Index width) {
    return numbers({b, t, h, width});
  };
  const Pair q{part(B, T, H, nope), part(B, T, H, rope)},
      k{part(B, T, H, nope), part(B, T, 1, rope)};
  const Tensor values = part(B, T, H, v);
  const double pairs = double(B * H) * double(T) * double(T + 1) / 2;
  const real scale = real(0.07);
  for (const char* dtype : {"fp32", "tf32", "bf16"}) {
    const MultiplyIn how(products_of(dtype));
    table.multiplies(std::string("attention 192/128, T 2048, ") + dtype,
                     pairs * 2 * double(nope + rope + v), [&] { attention(q, k, values, scale); });
    table.multiplies(std::string("the same, and its backward, ") + dtype,
                     pairs * (2 + 5) * double(nope + rope + v), [&] {
                       Tape tape;
                       const Tensor o = attention(q, k, values, scale);
                       const Tensor end = Tensor::zeros({1}, kGpu);
                       o.grad().data();  // zeros: the work is the same
                       tape.backward(end);
                     });
  }
  const Index S = 32768, sequences = 8;
  const Pair latent_q{part(sequences, 1, H, rank), part(sequences, 1, H, rope)};
  const Pair latent_k{part(sequences, S, 1, rank), part(sequences, S, 1, rope)};
  table.moves("latent decode 576/512, S 32768",
              double(sequences * S * (rank + rope) * Index(sizeof(real))),
              [&] { attention(latent_q, latent_k, latent_k.c, scale); });
}

}  // namespace

Json bench_kernels() {
  Table table;
  element_wise(table);
  products(table);
  attentions(table);
  return {{"kernels", table.rows}};
}

Json bench_gpu_decode(const Config& config, Index context, Index tokens) {
  const Transformer model(config);
  model.initialise(1);
  model.move_to(kGpu);
  Rng rng(1);
  GpuGenerator generator(model, context + tokens + 8);
  generator.read(random_ids(context, config.vocab_size, rng));
  const Times t =
      measure(4, tokens, [&](Index) { generator.read(random_ids(1, config.vocab_size, rng)); });
  return {{"device", "cuda"},
          {"ctx", context},
          {"gen", tokens},
          {"tokens_per_s", 1 / t.median},
          {"tokens_per_s_best", 1 / t.best}};
}

}  // namespace seekling
