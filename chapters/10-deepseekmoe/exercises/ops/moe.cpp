// The routed experts of DeepSeekMoE. DeepSeek-V2 (arXiv:2405.04434) eq. 20:  y_t = Σ_{i chosen by t} g_i,t FFN_i(x_t)
//
// A token's K choices become K rows; rows sorted by expert make each expert's input one matrix, so that an expert's linear
// layer is one GEMM and the layer of all experts one group of GEMMs. The sums over k leave out choices that are dropped.
//   dispatch        xs_r = x_token(r)                 dx_t = Σ_k dxs_row(t,k)
//   grouped linear  ys_r = W_expert(r) xs_r           dxs = dys W_e,  dW_e = dysᵀ xs over the rows of e
//   combine         y_t  = Σ_k g_tk ys_row(t,k)       dys_row(t,k) = g_tk dy_t,  dg_tk = dy_t·ys_row(t,k)
#include "ops/moe.h"

#include <numeric>

#include "core/check.h"
#include "core/parallel.h"
#include "ops/gemm.h"
#include "tensor/tape.h"

namespace seekling {

Plan::Plan(const Routing& routing, const std::vector<char>& dropped)
    : K(routing.g.cols()), begin(routing.load.size() + 1, 0), row(routing.experts.size(), kDropped) {
  // Exercise 10.2a. Fill begin [E+1], token [R] and row [N,K], as ops/moe.h says. A choice with dropped[choice] set
  // has no row; `dropped` may be empty.
  throw Error("exercise 10.2a is not yet attempted");
  // End of exercise 10.2a.
}

Tensor dispatch(const Tensor& x, const Plan& plan) {
  check(x.rows() * plan.K == Index(plan.row.size()), "dispatch: x ", x.shape(), " has ", x.rows(), " tokens, the plan ",
        Index(plan.row.size()) / plan.K);
  const Tensor xs({Index(plan.token.size()), x.cols()});
  const auto copy_rows = [x, token = plan.token](View to) {
    const View from = x;
    parallel_for(to.rows, /*grain=*/64, [&, to, from](Index r) { to.row(r) = from.row(token[size_t(r)]); });
  };
  copy_rows(xs);
  remakeable(xs, Cost::kCopy, copy_rows);
  record("dispatch", {x}, {xs}, [dx = x.grad(), dxs = xs.grad(), plan] {
    const View d = dx, ds = dxs;
    parallel_for(d.rows, /*grain=*/64, [=, &plan](Index t) {
      for (Index k = 0; k < plan.K; ++k)
        if (const Index r = plan.row[size_t(t * plan.K + k)]; r != Plan::kDropped) d.row(t) += ds.row(r);
    });
  });
  return xs;
}

// One product an expert; `weights` picks the expert's matrix, and a and b stand where gemm wants them.
template <class Make>
static std::vector<Gemm> group(const Plan& plan, Make&& make) {
  std::vector<Gemm> products;
  for (Index e = 0; e + 1 < Index(plan.begin.size()); ++e)
    products.push_back(make(e, plan.begin[size_t(e)], plan.begin[size_t(e) + 1] - plan.begin[size_t(e)]));
  return products;
}

Tensor grouped_linear(const Tensor& x, const Tensor& W, const Plan& plan) {
  check(W.shape().count() == 3 && W.dim(0) + 1 == Index(plan.begin.size()) && W.cols() == x.cols(),
        "grouped_linear: W ", W.shape(), " must be [", plan.begin.size() - 1, " experts, out, ", x.cols(), "]");
  const Index out = W.dim(1);
  const Tensor y({x.rows(), out});
  const View X = x, Y = y, w = W;
  gemm_nt(group(plan, [=](Index e, Index r, Index n) {
    return Gemm{Y.middle_rows(r, n), X.middle_rows(r, n), w.middle_rows(e * out, out)};
  }));
  record("grouped_linear", {x, W}, {y}, [x, W, dx = x.grad(), dw = W.grad(), dy = y.grad(), plan, out] {
    const Accumulate into_W = flow_into(dw);
    const View A = x, B = W, dW = dw, dY = dy;
    gemm_tn(group(plan,
                  [=](Index e, Index r, Index n) {
                    return Gemm{dW.middle_rows(e * out, out), dY.middle_rows(r, n), A.middle_rows(r, n)};
                  }),
            into_W);
    x.forget();  // if it can be made again: so x and dx, N·K rows each, are never there together
    const Accumulate into_x = flow_into(dx);
    const View dX = dx;
    gemm_nn(group(plan,
                  [=](Index e, Index r, Index n) {
                    return Gemm{dX.middle_rows(r, n), dY.middle_rows(r, n), B.middle_rows(e * out, out)};
                  }),
            into_x);
  });
  return y;
}

Tensor combine(const Tensor& y, const Tensor& g, const Plan& plan) {
  check(g.size() == Index(plan.row.size()) && g.cols() == plan.K && y.rows() == Index(plan.token.size()),
        "combine: gates ", g.shape(), " must be [N, ", plan.K, "] for the rows of ", y.shape());
  const Tensor out({g.rows(), y.cols()});
  const View o = out, ys = y, gates = g;
  // Exercise 10.2b. Make o.row(t) of every token t the sum of its experts' answers, each times its gate. A choice
  // whose row is Plan::kDropped has no answer. Plain loops will do.
  throw Error("exercise 10.2b is not yet attempted");
  // End of exercise 10.2b.
  record("combine", {y, g}, {out}, [y, g, into_y = y.grad(), d_out = out.grad(), plan] {
    const Accumulate into = flow_into(into_y);  // each row of y is one token's choice: all of them are stored
    const View dy = into_y, dg = g.grad(), d = d_out, rows = y, weight = g;
    parallel_for(d.rows, /*grain=*/64, [=, &plan](Index t) {
      for (Index k = 0; k < plan.K; ++k) {
        const Index r = plan.row[size_t(t * plan.K + k)];
        if (r == Plan::kDropped) continue;
        flow(dy.row(r), weight(t, k) * d.row(t), into);
        dg(t, k) += d.row(t).dot(rows.row(r));
      }
    });
  });
  return out;
}

}  // namespace seekling
