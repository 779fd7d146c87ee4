// Chapter 6. Attention written out, held against the library's; what writing costs with and without
// a cache; and how large the cache is with fewer key heads.
#include <cmath>
#include <cstdio>

#include "model/size.h"
#include "small_model.h"

using namespace seekling;

static Index multiplications = 0;

static Tensor times(const Tensor& W, const Tensor& x) {  // W x for each row x
  const Tensor y({x.rows(), W.rows()});
  y.view().matrix().noalias() = x.view().matrix() * W.view().matrix().transpose();
  multiplications += x.rows() * W.size();
  return y;
}

// One head. The queries are those of the last tokens; each reads from the tokens
// before it and from itself.
static Tensor plain_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                              bool show = false) {
  const Tensor o({q.rows(), v.cols()});
  for (Index t = 0; t < q.rows(); ++t) {
    const Index seen = k.rows() - q.rows() + t + 1;
    const auto keys = k.view().matrix().topRows(seen), values = v.view().matrix().topRows(seen);
    const Row scores = q.view().row(t) * keys.transpose() / std::sqrt(real(q.cols()));
    const Row p = scores.array().exp() / scores.array().exp().sum();
    o.view().row(t) = p * values;
    multiplications += seen * (q.cols() + v.cols());
    for (Index j = 0; show && j < seen; ++j)
      std::printf("%6.2f%s", double(p[j]), j + 1 < seen ? "" : "\n");
  }
  return o;
}

static Tensor one_head(const Tensor& x) { return x.reshape({1, x.rows(), 1, x.cols()}); }

int main() {
  Rng rng(6);
  const Index D = 64;
  const auto matrix = [&] { return Tensor::randn({D, D}, rng, 0.15); };
  const Tensor W_q = matrix(), W_k = matrix(), W_v = matrix(), h = Tensor::randn({1000, D}, rng);
  std::printf(
      "how four tokens share their attention: token t, in row t, reads from tokens 0 to t\n");
  const Tensor q = times(W_q, h.slice(0, 4)), k = times(W_k, h.slice(0, 4)),
               v = times(W_v, h.slice(0, 4));
  const Tensor o = plain_attention(q, k, v, /*show=*/true);
  const Tensor ours =
      attention({one_head(q), {}}, {one_head(k), {}}, one_head(v), real(1 / std::sqrt(double(D))));
  const bool same = (ours.view().matrix() - o.view().matrix()).cwiseAbs().maxCoeff() < 1e-4;
  std::printf("the library's answer is %s\n", same ? "the same" : "another");

  std::printf(
      "\nmultiplications of one head of %td numbers\n     n   all n tokens again   token n, from a "
      "cache\n",
      D);
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
      "\n12 layers, 12 heads of 64   cached numbers a token   read one by one, in threes, in "
      "eights, at once\n");
  for (const auto& [name, key_heads] :
       {std::pair("MHA, 12 key heads", 12), {"GQA, 4 key heads", 4}, {"MQA", 1}}) {
    Config c = small_model(64, 48);
    c.model_type = "seekling", c.attention = "gqa",
    c.num_hidden_layers = c.first_k_dense_replace = 12;
    c.num_attention_heads = 12, c.head_dim = 64, c.num_key_value_heads = key_heads;
    const Transformer model(c);
    model.initialise(/*seed=*/6);
    double difference = 0;
    for (const Index piece : {1, 3, 8, 24})
      difference = std::max(difference, difference_in_pieces(model, 24, piece));
    std::printf("%-27s %22td   %s\n", name, cache_elements(c),
                difference < 1e-3 ? "the same to 0.001" : "they differ");
  }
}
