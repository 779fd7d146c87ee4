// Attention with plain loops, held against the library's; what writing costs with and without a cache; and how large the
// cache is with fewer key heads.
#include <cmath>
#include <cstdio>

#include "model/transformer.h"

using namespace seekling;

static Index multiplications = 0;

static double dot(const real* a, const real* b, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += double(a[i]) * double(b[i]);
  multiplications += n;
  return sum;
}

// y = W x for each row of x.
static Tensor times(const Tensor& W, const Tensor& x) {
  const Tensor y({x.rows(), W.rows()});
  const View X = x, Y = y, w = W;
  for (Index t = 0; t < X.rows; ++t)
    for (Index o = 0; o < w.rows; ++o) Y(t, o) = real(dot(X.row(t).data(), w.row(o).data(), X.cols));
  return y;
}

// One head. The q.rows() queries are those of the last tokens; each reads from the tokens before it and from itself.
static Tensor plain_attention(const Tensor& q, const Tensor& k, const Tensor& v, bool show = false) {
  const Tensor o = Tensor::zeros({q.rows(), v.cols()});
  const View Q = q, K = k, V = v, O = o;
  for (Index t = 0; t < Q.rows; ++t) {
    const Index seen = K.rows - Q.rows + t + 1;
    std::vector<double> p;
    double sum = 0;
    for (Index j = 0; j < seen; ++j)
      sum += p.emplace_back(std::exp(dot(Q.row(t).data(), K.row(j).data(), Q.cols) / std::sqrt(double(Q.cols))));
    for (Index j = 0; j < seen; ++j) {
      if (show) std::printf("%6.2f", p[std::size_t(j)] / sum);
      O.row(t) += real(p[std::size_t(j)] / sum) * V.row(j);
      multiplications += V.cols;
    }
    if (show) std::printf("\n");
  }
  return o;
}

static Tensor one_head(const Tensor& x) { return x.reshape({1, x.rows(), 1, x.cols()}); }

// Does a model that reads 24 tokens in pieces, through its caches, find what it finds when it reads them at once?
static bool agrees(const Transformer& model, Index piece) {
  std::vector<std::int32_t> ids;
  for (std::int32_t t = 0; t < 24; ++t) ids.push_back(t * t % 64);
  Pass pass;
  const Tensor whole = model.hidden(ids, 1, 24, pass).reshape({24, 48});
  std::vector<Cache> caches = model.make_caches(24);
  bool all = true;
  for (Index t = 0; t < 24; t += piece) {
    const Tensor h = model.decode({&ids[std::size_t(t)], std::size_t(piece)}, caches);
    all = all && (h.view().matrix() - whole.slice(t, piece).view().matrix()).cwiseAbs().maxCoeff() < 1e-3;
  }
  return all;
}

int main() {
  Rng rng(6);
  const Index D = 64;
  const auto matrix = [&] { return Tensor::randn({D, D}, rng, 0.15); };
  const Tensor W_q = matrix(), W_k = matrix(), W_v = matrix(), h = Tensor::randn({1000, D}, rng);
  std::printf("how four tokens share their attention: token t, in row t, reads from tokens 0 to t\n");
  const Tensor q = times(W_q, h.slice(0, 4)), k = times(W_k, h.slice(0, 4)), v = times(W_v, h.slice(0, 4));
  const Tensor o = plain_attention(q, k, v, /*show=*/true);
  const Tensor ours = attention({one_head(q), {}}, {one_head(k), {}}, one_head(v), real(1 / std::sqrt(double(D))));
  const bool same = (ours.view().matrix() - o.view().matrix()).cwiseAbs().maxCoeff() < 1e-4;
  std::printf("the library's answer is %s\n", same ? "the same" : "another");

  std::printf("\nmultiplications of one head of %td numbers\n     n   all n tokens again   token n, from a cache\n", D);
  for (const Index n : {1, 10, 100, 1000}) {
    multiplications = 0;
    const Tensor keys = times(W_k, h.slice(0, n)), values = times(W_v, h.slice(0, n));
    plain_attention(times(W_q, h.slice(0, n)), keys, values);
    const Index again = std::exchange(multiplications, 0);
    const Tensor last = h.slice(n - 1, 1);  // the keys and values of the tokens before are there
    times(W_k, last), times(W_v, last), plain_attention(times(W_q, last), keys, values);
    std::printf("%6td %20td %23td\n", n, again, multiplications);
  }

  std::printf(
      "\n12 layers, 12 heads of 64   cached numbers a token   read one by one, in threes, in eights, at once\n");
  for (const auto& [name, key_heads] : {std::pair("MHA, 12 key heads", 12), {"GQA, 4 key heads", 4}, {"MQA", 1}}) {
    Config c;
    c.attention = "gqa", c.vocab_size = 64, c.hidden_size = 48, c.num_hidden_layers = c.first_k_dense_replace = 12;
    c.intermediate_size = 64, c.num_attention_heads = 12, c.head_dim = 64, c.num_key_value_heads = key_heads;
    const Transformer model(c);
    model.initialise(/*seed=*/6);
    Index numbers = 0;
    for (const Cache& cache : model.make_caches(1)) numbers += cache.elements_per_token();
    const bool all = agrees(model, 1) && agrees(model, 3) && agrees(model, 8) && agrees(model, 24);
    std::printf("%-27s %22td   %s\n", name, numbers, all ? "the same to 0.001" : "they differ");
  }
}
