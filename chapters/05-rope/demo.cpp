// Chapter 5. What RoPE does to one query and one key, what the wrong layout does, and why a matrix cannot pass through it.
#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

#include "ops/rope.h"

using namespace seekling;

static double dot(const Tensor& a, const Tensor& b) { return double(a.view().vector().dot(b.view().vector())); }

// The query at position 3 looks at three words at positions 0, 1, 2: the share of its attention that "dog" gets.
static double share(const Tensor& q, const std::vector<const Tensor*>& words, const Tensor& dog, const Rotary* rotary) {
  double sum = 0, of_dog = 0;
  for (std::size_t s = 0; s < words.size(); ++s) {
    const Tensor& k = *words[s];
    const double score = rotary ? dot(rope(q, 3, *rotary), rope(k, Index(s), *rotary)) : dot(q, k);
    sum += std::exp(score);
    if (k.data() == dog.data()) of_dog = std::exp(score);
  }
  return of_dog / sum;
}

// The same numbers in another order: even elements first, then odd ones.
static Tensor even_then_odd(const Tensor& x) {
  const Tensor y = Tensor::like(x);
  const Index half = x.cols() / 2;
  for (Index j = 0; j < half; ++j) y.data()[j] = x.data()[2 * j], y.data()[half + j] = x.data()[2 * j + 1];
  return y;
}

int main() {
  const Index width = 8;
  const Rotary rotary = Rotary::plain(width, 10000);
  Rng rng(5);
  const Tensor q = Tensor::randn({1, 1, 1, width}, rng), k = Tensor::randn({1, 1, 1, width}, rng);

  const Tensor bites = Tensor::randn({1, 1, 1, width}, rng, 0.5), man = Tensor::randn({1, 1, 1, width}, rng, 0.5);
  std::printf("attention that \"dog\" gets     plain    with RoPE\n");
  std::printf("dog bites man              %8.3f %8.3f\n", share(q, {&k, &bites, &man}, k, nullptr),
              share(q, {&k, &bites, &man}, k, &rotary));
  std::printf("man bites dog              %8.3f %8.3f\n", share(q, {&man, &bites, &k}, k, nullptr),
              share(q, {&man, &bites, &k}, k, &rotary));

  std::printf("\npair  theta       one full turn takes\n");
  for (std::size_t j = 0; j < rotary.theta.size(); ++j)
    std::printf("%4zu  %-10.3g  %.1f positions\n", j, rotary.theta[j], 2 * std::numbers::pi / rotary.theta[j]);

  std::printf("\nthe score of one query at position p with one key at position s\n p\\s");
  for (Index s = 0; s < 6; ++s) std::printf("%8td", s);
  for (Index p = 0; p < 6; ++p) {
    std::printf("\n%4td", p);
    for (Index s = 0; s <= p; ++s) std::printf("%8.3f", dot(rope(q, p, rotary), rope(k, s, rotary)));
  }
  std::printf("\n\nthe same two, 1000 positions later\n");
  for (Index p = 1000; p < 1003; ++p)
    std::printf("p %td, s 1000: %.3f\n", p, dot(rope(q, p, rotary), rope(k, 1000, rotary)));

  std::printf("\ndistance   score   with the pairs read in the other layout\n");
  const Tensor q2 = even_then_odd(q), k2 = even_then_odd(k);
  for (Index distance : {0, 1, 2, 3, 10})
    std::printf("%8td%8.3f%10.3f\n", distance, dot(rope(q, distance, rotary), rope(k, 0, rotary)),
                dot(rope(q2, distance, rotary), rope(k2, 0, rotary)));

  // A key W c. Without RoPE, q·(W c) = (Wᵀ q)·c, and W can be moved to the query once for all keys. With RoPE it cannot.
  const Tensor W = Tensor::randn({width, width}, rng, 0.5), c = Tensor::randn({1, 1, 1, width}, rng);
  const Tensor key = Tensor::like(c), moved = Tensor::like(q);
  key.view().vector() = c.view().vector() * W.view().matrix().transpose();
  moved.view().vector() = q.view().vector() * W.view().matrix();
  std::printf("\ndistance   rope(q)·rope(W c)   rope(Wᵀ q)·rope(c)\n");
  for (Index distance : {0, 1, 2, 3})
    std::printf("%8td%20.3f%20.3f\n", distance, dot(rope(q, distance, rotary), rope(key, 0, rotary)),
                dot(rope(moved, distance, rotary), rope(c, 0, rotary)));
}
