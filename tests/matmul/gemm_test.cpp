#include "matmul/gemm.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "core/half.h"
#include "core/parallel.h"
#include "core/products.h"
#include "core/rng.h"
#include "matmul/gemm_amx.h"
#include "matmul/gemm_bf16.h"
#include "tensor/tensor.h"
#include "twins.h"

namespace seekling {
namespace {

enum Form { kNT, kNN, kTN };

struct Problem {
  Form form;
  Tensor c, a, b;  // windows into wider tensors

  Problem(Form f, Index M, Index N, Index K, Rng& rng)
      : form(f), c(Tensor::randn({M, N + 3}, rng).columns(1, N)),
        a(f == kTN ? Tensor::randn({K, M + 5}, rng).columns(2, M)
                   : Tensor::randn({M, K + 5}, rng).columns(2, K)),
        b(f == kNT ? Tensor::randn({N, K + 1}, rng).columns(1, K)
                   : Tensor::randn({K, N + 1}, rng).columns(1, N)) {}

  Index depth() const { return form == kTN ? a.rows() : a.cols(); }
  Gemm gemm() const { return {c, a, b}; }
};

void run(Form form, std::span<const Gemm> group, Accumulate accumulate) {
  form == kNT   ? gemm_nt(group, accumulate)
  : form == kNN ? gemm_nn(group, accumulate)
                : gemm_tn(group, accumulate);
}

double read(real x) {
  return products() == Products::kBf16 ? double(from_bf16(to_bf16(float(x)))) : double(x);
}

// What the product must be: the definition, summed in double.
std::vector<double> plainly(const Problem& p, Accumulate accumulate) {
  std::vector<double> c;
  for (Index i = 0; i < p.c.rows(); ++i)
    for (Index j = 0; j < p.c.cols(); ++j) {
      double sum = accumulate == Accumulate::kYes ? double(p.c.view()(i, j)) : 0;
      for (Index k = 0; k < p.depth(); ++k)
        sum += read(p.form == kTN ? p.a.view()(k, i) : p.a.view()(i, k)) *
               read(p.form == kNT ? p.b.view()(j, k) : p.b.view()(k, j));
      c.push_back(sum);
    }
  return c;
}

double worst_difference(const Problem& p, const std::vector<double>& expected) {
  double worst = 0;
  for (Index i = 0; i < p.c.rows(); ++i)
    for (Index j = 0; j < p.c.cols(); ++j)
      worst = std::max(worst,
                       std::abs(double(p.c.view()(i, j)) - expected[size_t(i * p.c.cols() + j)]));
  return worst;
}

double tolerance(Index K) {
  return (sizeof(real) == 8 ? 1e-14 : 2e-6) * std::sqrt(double(K) + 1) * 4;
}

std::vector<real> numbers(const Tensor& t) {
  std::vector<real> all;
  for (Index i = 0; i < t.rows(); ++i)
    for (Index j = 0; j < t.cols(); ++j) all.push_back(t.view()(i, j));
  return all;
}

#if defined(__x86_64__) && !defined(SEEKLING_DOUBLE)
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors stay inside this file
// AVX512-BF16's instruction in other words, so that what surrounds it is tested
// on machines without it, too.
struct InOtherWords {
  template <int R, int V, class Vector, class Words, class Word>
  static void add(Vector (&sum)[R][V], const Words (&b)[V], Word&& a) {
    for (const bool odd : {false, true})
      for (int i = 0; i < R; ++i)
        for (int v = 0; v < V; ++v) {
          const auto half = [odd](Words w) { return Vector(odd ? w & 0xFFFF0000 : w << 16); };
          sum[i][v] += half(a(i)) * half(b[v]);
        }
  }
};
// And AMX's.
struct TilesInOtherWords {
  static constexpr int kTile = 16;
  static inline thread_local std::uint32_t registers[8][kTile][kTile];

  static void configure() {}
  static void zero(int tile) { std::memset(registers[tile], 0, sizeof registers[tile]); }
  static void load(int tile, const float* p, Index ld) {
    for (int i = 0; i < kTile; ++i)
      std::memcpy(registers[tile][i], p + i * ld, sizeof registers[tile][i]);
  }
  static void store(int tile, float* p, Index ld) {
    for (int i = 0; i < kTile; ++i)
      std::memcpy(p + i * ld, registers[tile][i], sizeof registers[tile][i]);
  }
  static void multiply_add(int r, int v) {
    const auto &a = registers[4 + r], &b = registers[6 + v];
    auto& c = registers[2 * r + v];
    const auto even = [](std::uint32_t word) { return std::bit_cast<float>(word << 16); };
    const auto odd = [](std::uint32_t word) { return std::bit_cast<float>(word & 0xFFFF0000); };
    for (int i = 0; i < kTile; ++i)
      for (int j = 0; j < kTile; ++j) {
        float sum = std::bit_cast<float>(c[i][j]);
        for (int k = 0; k < kTile; ++k)
          sum += even(a[i][k]) * even(b[k][j]) + odd(a[i][k]) * odd(b[k][j]);
        c[i][j] = std::bit_cast<std::uint32_t>(sum);
      }
  }
};

// This machine's instructions for fp32, with other ones for bf16.
GemmInstructions with_bf16(const GemmInstructions* fp32, const GemmInstructions* bf16) {
  GemmInstructions cpu = *fp32;
  cpu.bf16 = bf16;
  return cpu;
}
const GemmInstructions* with_pairs() {
  static const GemmInstructions pairs =
      with_bf16(gemm_instructions(), gemm_instructions() == gemm_avx512()
                                         ? &PairedKernel<64, 32, InOtherWords>::kInstructions
                                         : &PairedKernel<32, 16, InOtherWords>::kInstructions);
  return &pairs;
}
const GemmInstructions* with_pairs_by_machine() {
  static const GemmInstructions pairs = with_bf16(gemm_avx512(), gemm_avx512_bf16());
  return &pairs;
}
const GemmInstructions* with_tiles() {
  static const GemmInstructions tiles =
      with_bf16(gemm_instructions(), &TileKernel<TilesInOtherWords>::kInstructions);
  return &tiles;
}
#else
[[maybe_unused]] const GemmInstructions* with_pairs() { return nullptr; }
[[maybe_unused]] const GemmInstructions* with_pairs_by_machine() { return nullptr; }
[[maybe_unused]] const GemmInstructions* with_tiles() { return nullptr; }
#endif

// Every test runs on each instruction set this machine has, and on Eigen.
class GemmTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string name = GetParam();
    const GemmInstructions* cpu = nullptr;
#if defined(__x86_64__)
    if (name == "avx512") {
      if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "this machine has no AVX-512";
      cpu = gemm_avx512();
    }
    if (name == "avx2") {
      if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "this machine has no AVX2";
      cpu = gemm_avx2();
    }
    if (name == "pairs") {
      if (!gemm_instructions() || !with_pairs())
        GTEST_SKIP() << "double, or a machine without AVX2";
      cpu = with_pairs();
    }
    if (name == "tiles") {
      if (!gemm_instructions() || !with_tiles())
        GTEST_SKIP() << "double, or a machine without AVX2";
      cpu = with_tiles();
    }
    if (name == "amx") {
      if (!gemm_amx()) GTEST_SKIP() << "double, or a machine without AMX";
      cpu = gemm_avx512();  // which AMX's follow
    }
    if (name == "avx512bf16") {  // on Intel's, too, which does not use it
      if (!gemm_avx512_bf16() || !__builtin_cpu_supports("avx512bf16"))
        GTEST_SKIP() << "double, or no AVX512-BF16";
      cpu = with_pairs_by_machine();
    }
#else
    if (name != "eigen") GTEST_SKIP() << "not an x86 machine";
#endif
    before_ = set_gemm_instructions(cpu);
    changed_ = true;
  }
  void TearDown() override {
    if (changed_) set_gemm_instructions(before_);
    set_threads(2);
  }

 private:
  const GemmInstructions* before_ = nullptr;
  bool changed_ = false;
};
class GemmInBf16 : public GemmTest {};
const auto kName = [](const auto& test) { return std::string(test.param); };
INSTANTIATE_TEST_SUITE_P(On, GemmTest, testing::Values("avx512", "avx2", "eigen"), kName);
INSTANTIATE_TEST_SUITE_P(On, GemmInBf16,
                         testing::Values("avx512", "avx2", "pairs", "avx512bf16", "tiles", "amx",
                                         "eigen"),
                         kName);

TEST_P(GemmTest, EqualsTheDefinitionForAnySize) {
  const Index sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 17, 31, 32, 33, 47, 50, 129};
  Rng rng(1);
  for (const Form form : {kNT, kNN, kTN})
    for (int n = 0; n < 300; ++n) {
      const auto any = [&] { return sizes[rng.below(std::size(sizes))]; };
      const Problem p(form, any(), any(), any(), rng);
      const Accumulate accumulate = n % 2 ? Accumulate::kYes : Accumulate::kNo;
      const std::vector<double> expected = plainly(p, accumulate);
      run(form, std::array{p.gemm()}, accumulate);
      ASSERT_LT(worst_difference(p, expected), tolerance(p.depth()))
          << "form " << form << ", C " << p.c.shape()[0] << " x " << p.c.shape()[1] << ", K "
          << p.depth();
    }
}

TEST_P(GemmInBf16, ReadsBf16AndSumsInFull) {
  const MultiplyIn bf16(Products::kBf16);
  Rng rng(8);
  const auto any = [&] {
    return Index(std::array{0, 1, 2, 3, 5, 8, 13, 16, 17, 31, 33, 50, 129, 400}[rng.below(14)]);
  };
  for (const Form form : {kNT, kNN, kTN})
    for (int n = 0; n < 200; ++n) {
      std::vector<Problem> problems;
      for (int e = 0; e < 1 + n % 2; ++e)
        problems.emplace_back(form, any(), any(), rng.below(10) ? any() : 600, rng);
      const Accumulate accumulate = n % 3 ? Accumulate::kYes : Accumulate::kNo;
      std::vector<std::vector<double>> expected;
      std::vector<Gemm> group;
      for (const Problem& p : problems)
        expected.push_back(plainly(p, accumulate)), group.push_back(p.gemm());
      run(form, group, accumulate);
      for (size_t i = 0; i < problems.size(); ++i)
        ASSERT_LT(worst_difference(problems[i], expected[i]), tolerance(problems[i].depth()))
            << "form " << form << ", C " << problems[i].c.shape() << ", K " << problems[i].depth();
    }
  const Problem nan(kNT, 20, 20, 20, rng);
  std::uint32_t bits = 0x7F800001;  // whose bf16, were it rounded like a number, would be infinity
  nan.a.view()(0, 0) = real(std::bit_cast<float>(bits));
  run(kNT, std::array{nan.gemm()}, Accumulate::kNo);
  EXPECT_TRUE(std::isnan(nan.c.view()(0, 0)));
}

TEST_P(GemmTest, LeavesTheNumbersAroundCAlone) {
  Rng rng(2);
  for (const Form form : {kNT, kNN, kTN})
    for (const Index M : {1, 13, 50}) {
      const Tensor wide = Tensor::zeros({M, 40});
      wide.view().matrix().setConstant(7);
      Problem p(form, M, 21, 9, rng);
      p.c = wide.columns(5, 21);
      run(form, std::array{p.gemm()}, Accumulate::kNo);
      for (Index i = 0; i < M; ++i)
        for (Index j = 0; j < 40; ++j)
          if (j < 5 || j >= 26) {
            ASSERT_EQ(wide.view()(i, j), 7) << i << ", " << j;
          }
    }
}

TEST_P(GemmTest, CutsALongDepthIntoBlocks) {
  Rng rng(3);
  for (const Form form : {kNT, kNN, kTN})
    for (const Accumulate accumulate : {Accumulate::kNo, Accumulate::kYes})
      for (const auto [M, N, K] : {std::array<Index, 3>{61, 150, 1000}, {17, 40, 2100}}) {
        const Problem p(form, M, N, K, rng);
        const std::vector<double> expected = plainly(p, accumulate);
        run(form, std::array{p.gemm()}, accumulate);
        EXPECT_LT(worst_difference(p, expected), tolerance(K));
      }
}

TEST_P(GemmTest, MultipliesAGroupOfUnequalProducts) {
  Rng rng(4);
  for (const Form form : {kNT, kNN, kTN}) {
    std::vector<Problem> problems;
    for (const Index M : {70, 0, 3, 129}) problems.emplace_back(form, M, 37, 24, rng);
    std::vector<std::vector<double>> expected;
    std::vector<Gemm> group;
    for (const Problem& p : problems) {
      expected.push_back(plainly(p, Accumulate::kNo));
      group.push_back(p.gemm());
    }
    run(form, group, Accumulate::kNo);
    for (size_t i = 0; i < problems.size(); ++i)
      EXPECT_LT(worst_difference(problems[i], expected[i]), tolerance(24));
  }
}

TEST_P(GemmTest, MultipliesAGroupOfManyColumns) {  // enough for threads to own columns
  Rng rng(6);
  for (const Form form : {kNT, kNN, kTN}) {
    std::vector<Problem> problems;
    for (Index e = 0; e < 12; ++e)
      problems.emplace_back(form, e * 7 % 60, 200 + e, form == kTN ? 90 : 410, rng);
    std::vector<std::vector<double>> expected;
    std::vector<Gemm> group;
    for (const Problem& p : problems) {
      expected.push_back(plainly(p, Accumulate::kYes));
      group.push_back(p.gemm());
    }
    run(form, group, Accumulate::kYes);
    for (size_t i = 0; i < problems.size(); ++i)
      EXPECT_LT(worst_difference(problems[i], expected[i]), tolerance(410));
  }
}

TEST_P(GemmTest, TakesAnyPartOfAPackedMatrix) {
  Rng rng(7);
  const Index K = 450, N = 151;
  const Tensor b = Tensor::randn({K, N}, rng), b_t({N, K});
  b_t.view().matrix() = b.view().matrix().transpose();
  for (const PackedMatrix& packed : {PackedMatrix::of(b), PackedMatrix::transposed(b_t)})
    for (const auto [M, k0, k, j0, n] : std::vector<std::array<Index, 5>>{{12, 0, K, 0, N},
                                                                          {50, 17, 400, 32, 90},
                                                                          {7, 448, 2, 128, 23},
                                                                          {1, 5, 48, 96, 1},
                                                                          {3, 0, 9, 64, 17}}) {
      const Tensor a = Tensor::randn({M, k}, rng), a_t({k, M}), c = Tensor::zeros({M, n}),
                   c_t = Tensor::zeros({M, n});
      a_t.view().matrix() = a.view().matrix().transpose();
      const Matrix expected = a.view().matrix() * b.view().block(k0, j0, k, n).matrix();
      gemm(c, a, packed, k0, j0);
      gemm_t(c_t, a_t, packed, k0, j0);
      EXPECT_LT((c.view().matrix() - expected).cwiseAbs().maxCoeff(), tolerance(k));
      EXPECT_LT((c_t.view().matrix() - expected).cwiseAbs().maxCoeff(), tolerance(k));
      gemm(c, a, packed, k0, j0, Accumulate::kYes);
      EXPECT_LT((c.view().matrix() - 2 * expected).cwiseAbs().maxCoeff(), 2 * tolerance(k));
    }
}

TEST_P(GemmTest, GivesTheSameBitsForAnyNumberOfThreadsAndInsideALoop) {
  for (const Form form : {kNT, kNN, kTN})
    for (const auto [M, N, K] :
         {std::array<Index, 3>{2, 300, 500}, {200, 300, 500}, {30, 2100, 500}, {30, 50, 3300}}) {
      std::vector<std::vector<real>> results;
      for (const int run_on : {1, 2, 3, 0}) {
        Rng rng(5);
        const Problem p(form, M, N, K, rng);
        set_threads(run_on ? run_on : 2);
        if (run_on) {
          run(form, std::array{p.gemm()}, Accumulate::kYes);
        } else {
          parallel_for(2, 1, [&](Index i) {
            if (i == 0) run(form, std::array{p.gemm()}, Accumulate::kYes);
          });
        }
        results.push_back(numbers(p.c));
      }
      EXPECT_EQ(results[0], results[1]);
      EXPECT_EQ(results[0], results[2]);
      EXPECT_EQ(results[0], results[3]);
    }
}

TEST_P(GemmTest, LetsNaNThrough) {  // a NaN must be seen, not multiplied away by a packed zero
  Rng rng(6);
  for (const Form form : {kNT, kNN, kTN}) {
    const Problem p(form, 20, 20, 20, rng);
    p.a.view()(0, 0) = std::numeric_limits<real>::quiet_NaN();
    run(form, std::array{p.gemm()}, Accumulate::kNo);
    EXPECT_TRUE(std::isnan(p.c.view()(0, 0)));
    EXPECT_FALSE(std::isnan(p.c.view()(1, 0)));
  }
}

TEST(GemmTwins, AgreeInFp32AndBf16AlsoInBatches) {
  if (!has_cuda()) GTEST_SKIP() << "this machine has no GPU";
  Rng rng(7);
  for (const Products how : {Products::kFp32, Products::kBf16})
    for (const Form form : {kNT, kNN, kTN})
      for (const Accumulate accumulate : {Accumulate::kNo, Accumulate::kYes}) {
        const MultiplyIn dtype(how);
        constexpr Index M = 6, N = 5, K = 7, kCount = 3;
        const Tensor a = Tensor::randn({kCount, form == kTN ? K : M, form == kTN ? M + 2 : K + 2},
                                       rng),
                     b = Tensor::randn({kCount, form == kNT ? N : K, form == kNT ? K : N}, rng),
                     c = Tensor::randn({kCount, M, N + 1}, rng);
        const auto part = [&](const Tensor& x, Index i, Index cols) {
          return View{x.data() + i * x.dim(1) * x.ld(), x.dim(1), cols, x.ld()};
        };
        const Index a_cols = form == kTN ? M : K;
        const Tensor A = a.to(Device::kCuda), B = b.to(Device::kCuda), C = c.to(Device::kCuda);
        const auto batch = [&](const Tensor& x, Index cols) {
          return cuda::Batch{part(x, 0, cols), x.dim(1) * x.ld()};
        };
        (form == kNT   ? cuda::gemm_nt_batch
         : form == kNN ? cuda::gemm_nn_batch
                       : cuda::gemm_tn_batch)(kCount, batch(C, N), batch(A, a_cols),
                                              batch(B, b.cols()), accumulate);
        for (Index i = 0; i < kCount; ++i)
          run(form, std::array{Gemm{part(c, i, N), part(a, i, a_cols), part(b, i, b.cols())}},
              accumulate);
        const Tensor found = C.to(Device::kCpu);
        EXPECT_LT((found.view().matrix() - c.view().matrix()).cwiseAbs().maxCoeff(), 1e-4) << form;
      }
}

}  // namespace
}  // namespace seekling
