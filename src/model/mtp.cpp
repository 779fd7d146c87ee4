// Multi-token prediction. DeepSeek-V3 (arXiv:2412.19437) §2.2. Depth k = 1 .. D,
// positions i = 1 .. T-k:
//   h'_i = M_k [RMSNorm(Emb(t_{i+k})); RMSNorm(h^{k-1}_i)]  (21)       h', h [B,T-k,D]   M_k [D,2D]
//   h^k  = TRM_k(h')                                        (22)  a whole layer of its own, causal
//   P^k_{i+k+1} = softmax(OutHead(RMSNorm(h^k_i)))          (23)  the model's embedding and head
//   L^k  = CrossEntropy(P^k_{2+k:T+1}, t_{2+k:T+1})         (24)
// The released weights, and all programs that run them, differ from the print in three points:
// the embedding comes first in eh_proj (the paper writes h first), h⁰ is the model's output after
// its final norm, and each depth passes on its h^k after its own norm (shared_head.norm).
// (24) divides by T; we take the mean over the existing targets, as for the main loss. Beware of
// off-by-one errors: at position i the module sees t_1 .. t_{i+k} and predicts t_{i+k+1}.
#include "model/mtp.h"

#include "model/versions.h"
#include "ops/add.h"
#include "ops/first_tokens.h"

namespace seekling {

Mtp::Mtp(const Config& c, Index k)
    : enorm(c.hidden_size, c.rms_norm_eps), hnorm(c.hidden_size, c.rms_norm_eps),
      eh_proj(2 * c.hidden_size, c.hidden_size), block(make_layer(c, c.num_hidden_layers + k - 1)),
      head_norm(c.hidden_size, c.rms_norm_eps) {}

Tensor Mtp::forward(const Tensor& h, const Tensor& next, const Context& context,
                    Losses& losses) const {
  const Tensor joined = join(next, first_tokens(h, next.dim(1)));  // (21)                 [B,T-k,D]
  const Tensor h_k = block->forward(joined, context, losses);      // (22)
  return context.observe("shared_head.norm", head_norm(h_k));
}

Tensor Mtp::join(const Tensor& next, const Tensor& h) const {
  const Tensor e = enorm(next), past = hnorm(h);
  const Index D = next.cols();
  if (eh_proj.packed.defined()) {
    const Tensor both({e.dim(0), e.dim(1), 2 * D});
    both.columns(0, D).copy_from(e), both.columns(D, D).copy_from(past);
    return eh_proj(both);
  }
  const auto [M_e, M_h] = split_at(eh_proj.weight, D);  // M [e; h] = M_e e + M_h h
  return add(linear(e, M_e), linear(past, M_h));
}

Tensor Mtp::decode(const Tensor& h, const Tensor& next, LayerCache& cache) const {
  return head_norm(block->decode(join(next, h), cache));
}

Mtp Mtp::pack(const Precision& precision) const {
  Mtp to;
  to.enorm = enorm.copy(), to.hnorm = hnorm.copy(), to.head_norm = head_norm.copy();
  to.eh_proj = eh_proj;
  to.eh_proj.pack(precision.weights);
  to.block = block->pack(precision);
  return to;
}

std::vector<std::int32_t> mtp_documents(std::span<const std::int32_t> document_start, Index B,
                                        Index T, Index k) {
  std::vector<std::int32_t> mask;
  if (document_start.empty()) return mask;
  for (Index b = 0; b < B; ++b)
    mask.insert(mask.end(), document_start.begin() + b * T,
                document_start.begin() + (b + 1) * T - k);
  return mask;
}

void Mtp::parameters(const std::string& at, const Visitor& visit) const {
  visit(at + ".enorm.weight", enorm.weight);
  visit(at + ".hnorm.weight", hnorm.weight);
  visit(at + ".eh_proj.weight", eh_proj.weight);
  block->parameters(at, visit);
  visit(at + ".shared_head.norm.weight", head_norm.weight);
}

}  // namespace seekling
