// Chapter 5. What RoPE does to one query and one key, what the wrong layout does, and why
// a matrix cannot pass through it.
#include <cmath>
#include <cstdio>
#include <numbers>

#include "attention/rope.h"

using namespace seekling;

static const Rotary rotary = Rotary::plain(/*rope=*/8, /*base=*/10000);

static double dot(const Tensor& a, const Tensor& b) {
  return double(a.view().vector().dot(b.view().vector()));
}

// The score of a query at position p with a key at position s.
static double score(const Tensor& q, Index p, const Tensor& k, Index s) {
  return dot(rope(q, p, rotary), rope(k, s, rotary));
}

// What a score gets of the attention if there are two others.
static double share(double score, double other, double another) {
  return std::exp(score) / (std::exp(score) + std::exp(other) + std::exp(another));
}

// The same numbers in another order: even elements first, then odd ones.
static Tensor even_then_odd(const Tensor& x) {
  const Tensor y = Tensor::like(x);
  for (Index i = 0; i < 8; ++i) y.data()[i % 2 * 4 + i / 2] = x.data()[i];
  return y;
}

int main() {
  Rng rng(5);
  const auto vector = [&](double size) { return Tensor::randn({1, 1, 1, 8}, rng, size); };
  const Tensor q = vector(1), k = vector(1), bites = vector(0.5), man = vector(0.5);
  std::printf("attention that \"dog\" gets     plain    with RoPE\n");  // whose key is k
  const double plain = share(dot(q, k), dot(q, bites), dot(q, man));
  std::printf("dog bites man %21.3f %8.3f\n", plain,
              share(score(q, 3, k, 0), score(q, 3, bites, 1), score(q, 3, man, 2)));
  std::printf("man bites dog %21.3f %8.3f\n", plain,
              share(score(q, 3, k, 2), score(q, 3, bites, 1), score(q, 3, man, 0)));

  std::printf("\npair  theta       one full turn takes\n");
  for (std::size_t j = 0; j < rotary.theta.size(); ++j)
    std::printf("%4zu  %-10.3g  %.1f positions\n", j, rotary.theta[j],
                2 * std::numbers::pi / rotary.theta[j]);

  std::printf("\nthe score of one query at position p with one key at position s\n p\\s");
  for (Index s = 0; s < 6; ++s) std::printf("%8td", s);
  for (Index p = 0; p < 6; ++p) {
    std::printf("\n%4td", p);
    for (Index s = 0; s <= p; ++s) std::printf("%8.3f", score(q, p, k, s));
  }
  std::printf("\n\nthe same two, 1000 positions later\n");
  for (Index p = 1000; p < 1003; ++p) std::printf("p %td, s 1000: %.3f\n", p, score(q, p, k, 1000));

  std::printf("\ndistance   score   with the pairs read in the other layout\n");
  for (Index distance : {0, 1, 2, 3, 10})
    std::printf("%8td%8.3f%10.3f\n", distance, score(q, distance, k, 0),
                score(even_then_odd(q), distance, even_then_odd(k), 0));

  // A key W c. Without RoPE, q·(W c) = (Wᵀ q)·c, and W can be moved to the query once for all keys.
  // With RoPE it cannot.
  const Tensor W = Tensor::randn({8, 8}, rng, 0.5), c = vector(1), key = Tensor::like(c),
               moved = Tensor::like(q);
  key.view().vector() = c.view().vector() * W.view().matrix().transpose();
  moved.view().vector() = q.view().vector() * W.view().matrix();
  std::printf("\ndistance   rope(q)·rope(W c)   rope(Wᵀ q)·rope(c)\n");
  for (Index distance : {0, 1, 2, 3})
    std::printf("%8td%20.3f%20.3f\n", distance, score(q, distance, key, 0),
                score(moved, distance, c, 0));
}
