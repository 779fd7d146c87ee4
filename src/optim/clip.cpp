// Gradient clipping by global norm. Pascanu, Mikolov & Bengio 2013 (arXiv:1211.5063),
// algorithm 1, over all parameters:
//   ‖g‖ = (Σ_p Σ_i g_pi²)^(1/2)      g ← g · min(1, max_norm / ‖g‖)
// DeepSeek-V2 and V3 use max_norm = 1. AdamW applies the factor when it reads g, which saves a pass
// over memory. Squares are summed in `real` over runs of kRun elements, and the sums of the runs in
// double and in order: the same bits for any number of threads, with the error of about one float.
#include "optim/clip.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "core/parallel.h"

namespace seekling {

constexpr Index kRun = 64;

std::vector<Index> sizes_of(std::span<const Tensor> parameters) {
  std::vector<Index> sizes;
  for (const Tensor& p : parameters) {
    check(p.contiguous(), "training: parameter ", sizes.size(), " of shape ", p.shape(),
          " is not contiguous in memory");
    sizes.push_back(p.size());
  }
  return sizes;
}

std::vector<Piece> pieces_of(std::span<const Index> sizes) {
  std::vector<Piece> pieces;
  for (std::size_t p = 0; p < sizes.size(); ++p)
    for (Index begin = 0; begin < sizes[p]; begin += kPiece)
      pieces.push_back({p, begin, std::min(kPiece, sizes[p] - begin)});
  return pieces;
}

double cpu::gradient_norm(std::span<const Tensor> parameters) {
  const std::vector<Piece> pieces = pieces_of(sizes_of(parameters));
  std::vector<double> sums(pieces.size(), 0);
  parallel_for(Index(pieces.size()), /*grain=*/1, [&](Index i) {
    const auto [p, begin, n] = pieces[size_t(i)];
    if (!parameters[p].has_grad()) return;
    const RowMap g(parameters[p].grad().data() + begin, n);
    double sum = 0;  // local: neighbours in `sums` belong to other threads
    for (Index r = 0; r < n; r += kRun)
      sum += double(g.segment(r, std::min(kRun, n - r)).squaredNorm());
    sums[size_t(i)] = sum;
  });
  return std::sqrt(std::accumulate(sums.begin(), sums.end(), 0.0));
}

double gradient_norm(std::span<const Tensor> parameters) {
  const Device device = parameters.empty() ? Device::kCpu : parameters[0].device();
  return on(device, cpu::gradient_norm, cuda::gradient_norm)(parameters);
}

double clip_factor(double norm, double max_norm) {
  return max_norm > 0 && norm > max_norm ? max_norm / norm : 1;
}

void clear_gradients(std::span<const Tensor> parameters) {
  for (const Tensor& p : parameters) p.clear_grad();
}

}  // namespace seekling
