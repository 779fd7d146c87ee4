// The random orders: shingle x is ranked by h_i(x) = a_i x + c_i modulo 2^32, with random odd a_i
// and random c_i (Dietzfelbinger et al. 1997). That is far from all orders there are, but the
// shingles are well-mixed numbers already. The a_i must not be related: with 1, 3, 5, ... the
// estimates of neighbours fall together, and their mean has two to three times the variance.
#include "repeats/minhash.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.h"
#include "core/rng.h"
#include "repeats/words.h"

namespace seekling {

namespace {

constexpr Index kLanes = 32;  // orders that are computed side by side, in vector registers

struct Orders {
  std::vector<std::uint32_t> a, c;

  explicit Orders(Index k) {
    const Index whole = (k + kLanes - 1) / kLanes * kLanes;
    Rng rng(0x5EED);
    for (Index i = 0; i < whole; ++i) {
      a.push_back(std::uint32_t(rng.next() >> 32) | 1);
      c.push_back(std::uint32_t(rng.next() >> 32));
    }
  }
};

}  // namespace

std::vector<std::uint64_t> shingles_of(std::string_view text) {
  std::vector<std::uint64_t> shingles = ngram_hashes(word_hashes(text), kShingleWords);
  std::ranges::sort(shingles);
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
  return shingles;
}

double jaccard(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  std::size_t i = 0, j = 0, both = 0;
  while (i < a.size() && j < b.size()) {
    const std::uint64_t x = a[i], y = b[j];
    both += x == y;
    i += x <= y;
    j += y <= x;
  }
  const std::size_t either = a.size() + b.size() - both;
  return either == 0 ? 1 : double(both) / double(either);
}

double Bands::found(double jaccard) const {
  return 1 - std::pow(1 - std::pow(jaccard, double(rows)), double(bands));
}

Bands bands_for(double target, Index orders) {
  check(target > 0 && target <= 1, "the target Jaccard is ", target, ", expected 0 < target <= 1");
  constexpr double kFound = 0.95;
  Bands best{orders, 1};
  for (Index rows = 2; rows <= orders; ++rows)
    if (const Bands bands{orders / rows, rows}; bands.found(target) >= kFound) best = bands;
  return best;
}

std::vector<std::uint32_t> minhash_signature(std::span<const std::uint64_t> shingles, Index k) {
  static const Orders orders(1024);
  check(k <= Index(orders.a.size()), "MinHash has ", orders.a.size(), " orders, found ", k);
  std::vector<std::uint32_t> signature(std::size_t((k + kLanes - 1) / kLanes * kLanes));
  for (std::size_t first = 0; first < signature.size(); first += kLanes) {
    const std::uint32_t *a = &orders.a[first], *c = &orders.c[first];
    std::array<std::uint32_t, kLanes> least;
    least.fill(~std::uint32_t(0));
    for (const std::uint64_t shingle : shingles) {
      const auto x = std::uint32_t(shingle);
      for (Index i = 0; i < kLanes; ++i)
        least[std::size_t(i)] = std::min(least[std::size_t(i)], a[i] * x + c[i]);
    }
    std::ranges::copy(least, signature.begin() + std::ptrdiff_t(first));
  }
  signature.resize(std::size_t(k));
  return signature;
}

std::vector<std::uint64_t> band_keys(std::span<const std::uint64_t> shingles, const Bands& bands) {
  const auto signature = minhash_signature(shingles, bands.bands * bands.rows);
  std::vector<std::uint64_t> keys;
  for (Index band = 0; band < bands.bands; ++band) {
    std::uint64_t key = mixed(std::uint64_t(band));  // equal minima of different bands mean nothing
    for (Index row = 0; row < bands.rows; ++row)
      key = mixed(key ^ signature[std::size_t(band * bands.rows + row)]);
    keys.push_back(key);
  }
  return keys;
}

}  // namespace seekling
