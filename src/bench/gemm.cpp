// seekling bench gemm: the products of one layer, forward and backward, in our loops, in Eigen's,
// and in those of OpenBLAS and oneDNN where this machine has them. The two are looked for when
// the program runs, and not needed to build it.
#include "matmul/gemm.h"

#include <dlfcn.h>
#include <omp.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "bench/bench.h"
#include "core/parallel.h"
#include "matmul/gemm_kernel.h"
#include "report/profile.h"

namespace seekling {

namespace {

enum class Form { kForward, kDx, kDw };  // y = x Wᵀ, dx = dy W, dW = dyᵀ x

struct Product {  // of rows x in -> out
  Form form;
  View c, a, b;

  Index depth() const { return form == Form::kDw ? a.rows : a.cols; }
  double flops() const { return 2 * double(c.rows) * double(c.cols) * double(depth()); }
};

void ours(const Product& p) {
  switch (p.form) {
    case Form::kForward: return gemm_nt(p.c, p.a, p.b);
    case Form::kDx: return gemm_nn(p.c, p.a, p.b);
    case Form::kDw: return gemm_tn(p.c, p.a, p.b);
  }
}

void eigen(const Product& p) {
  const GemmInstructions* before = set_gemm_instructions(nullptr);
  ours(p);
  set_gemm_instructions(before);
}

// The function `name` of the first library that is there; nullptr: none is.
template <class F>
F* find(std::initializer_list<const char*> libraries, const char* name) {
  for (const char* library : libraries)
    if (void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL))
      if (void* function = dlsym(handle, name)) return reinterpret_cast<F*>(function);
  return nullptr;
}

using Multiply = std::function<void(const Product&)>;

std::optional<Multiply> openblas() {
  using Threads = void(int);
  using Sgemm = void(int, int, int, int, int, int, float, const float*, int, const float*, int,
                     float, float*, int);
  static constexpr auto kFiles = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
  Threads* set = find<Threads>(kFiles, "openblas_set_num_threads");
  Sgemm* sgemm = find<Sgemm>(kFiles, "cblas_sgemm");
  if (!set || !sgemm) return {};
  set(threads());
  return [sgemm](const Product& p) {
    constexpr int kRowMajor = 101, kAsItIs = 111, kTransposed = 112;
    sgemm(kRowMajor, p.form == Form::kDw ? kTransposed : kAsItIs,
          p.form == Form::kForward ? kTransposed : kAsItIs, int(p.c.rows), int(p.c.cols),
          int(p.depth()), 1, p.a.data, int(p.a.ld), p.b.data, int(p.b.ld), 0, p.c.data,
          int(p.c.ld));
  };
}

std::optional<Multiply> onednn() {
  using Sgemm = int(char, char, std::int64_t, std::int64_t, std::int64_t, float, const float*,
                    std::int64_t, const float*, std::int64_t, float, float*, std::int64_t);
  Sgemm* sgemm =
      find<Sgemm>({"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so", "libdnnl.dylib"}, "dnnl_sgemm");
  if (!sgemm) return {};
  omp_set_num_threads(threads());
  return [sgemm](const Product& p) {
    sgemm(p.form == Form::kDw ? 'T' : 'N', p.form == Form::kForward ? 'T' : 'N', p.c.rows, p.c.cols,
          p.depth(), 1, p.a.data, p.a.ld, p.b.data, p.b.ld, 0, p.c.data, p.c.ld);
  };
}

struct Library {
  const char* name;
  Multiply multiply;
  double work = 0, time = 0;
};

std::vector<Library> libraries() {
  std::vector<Library> all{{"ours", ours}, {"Eigen", eigen}};
  if (auto found = openblas()) all.push_back({"OpenBLAS", *found});
  if (auto found = onednn()) all.push_back({"oneDNN", *found});
  return all;
}

double rate(Library& library, const Product& p, Index repeats) {
  std::this_thread::sleep_for(std::chrono::milliseconds(30));      // until the earlier threads stop
  const Index calls = std::max<Index>(1, Index(2e7 / p.flops()));  // about 0.1 ms at least
  const auto call = [&](Index) {
    for (Index n = 0; n < calls; ++n) library.multiply(p);
  };
  const double seconds = measure(3, repeats, call).median / double(calls);
  library.work += p.flops(), library.time += seconds;
  return 1e-9 * p.flops() / seconds;
}

struct LayerShape {
  const char* name;
  Index rows, out, in;
};

std::vector<LayerShape> layers_of(const Config& c, Index rows) {
  const Index routed =
      std::max<Index>(1, rows * c.num_experts_per_tok / std::max<Index>(1, c.n_routed_experts));
  return {{"q_proj", rows, c.num_attention_heads * (c.qk_nope_head_dim + c.qk_rope_head_dim),
           c.q_lora_rank > 0 ? c.q_lora_rank : c.hidden_size},
          {"kv_b_proj", rows, c.num_attention_heads * (c.qk_nope_head_dim + c.v_head_dim),
           c.kv_lora_rank},
          {"dense gate and up", rows, 2 * c.intermediate_size, c.hidden_size},
          {"expert gate and up", routed, 2 * c.moe_intermediate_size, c.hidden_size},
          {"expert down", routed, c.hidden_size, c.moe_intermediate_size},
          {"lm_head", std::min<Index>(rows, 256), c.vocab_size, c.hidden_size}};
}

}  // namespace

Json bench_gemm(const Config& config, Index rows, Index repeats) {
  std::vector<Library> all = libraries();
  Json products = Json::array();
  Rng rng(1);
  for (const LayerShape& l : layers_of(config, rows)) {
    if (l.out == 0 || l.in == 0) continue;
    const Tensor x = Tensor::randn({l.rows, l.in}, rng), W = Tensor::randn({l.out, l.in}, rng);
    const Tensor y = Tensor::randn({l.rows, l.out}, rng), dx({l.rows, l.in}), dW({l.out, l.in}),
                 out({l.rows, l.out});
    const std::array<std::pair<const char*, Product>, 3> three{
        {{"forward", {Form::kForward, out, x, W}},
         {"dx", {Form::kDx, dx, y, W}},
         {"dW", {Form::kDw, dW, y, x}}}};
    for (const auto& [name, product] : three) {
      Json row{
          {"layer", l.name}, {"product", name}, {"rows", l.rows}, {"out", l.out}, {"in", l.in}};
      for (Library& library : all) row["gflops"][library.name] = rate(library, product, repeats);
      products.push_back(row);
    }
  }
  Json together;
  for (const Library& library : all) together[library.name] = 1e-9 * library.work / library.time;
  return {{"peak_gflops", peak_gflops()}, {"gflops", together}, {"products", products}};
}

void print_gemm(const Json& result) {
  for (const auto& [key, value] : result.items())
    if (!value.is_structured()) print_field(key, value);
  std::printf("\n%-20s %-8s %22s", "GFLOP/s", "", "rows x   out x    in");
  for (const auto& [library, together] : result["gflops"].items())
    std::printf(" %9s", library.c_str());
  for (const Json& row : result["products"]) {
    std::printf("\n%-20s %-8s %6ld x %5ld x %5ld", row["layer"].get<std::string>().c_str(),
                row["product"].get<std::string>().c_str(), row["rows"].get<long>(),
                row["out"].get<long>(), row["in"].get<long>());
    for (const auto& [library, gflops] : row["gflops"].items())
      std::printf(" %9.1f", gflops.get<double>());
  }
  std::printf("\n%-51s", "together");
  for (const auto& [library, gflops] : result["gflops"].items())
    std::printf(" %9.1f", gflops.get<double>());
  std::printf("\n");
}

}  // namespace seekling
