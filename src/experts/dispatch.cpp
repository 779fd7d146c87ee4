// The routed experts of DeepSeekMoE. DeepSeek-V2 (arXiv:2405.04434) eq. 20:
//   y_t = Σ_{i chosen by t} g_i,t FFN_i(x_t)
//
// A token's K choices become K rows. Sorting the rows by expert makes each expert's input one
// matrix, so an expert's linear layer is one GEMM and the layer of all experts one group of GEMMs.
// Sums over k skip dropped choices.
//   dispatch        xs_r = x_token(r)            dx_t = Σ_k dxs_row(t,k)
//   grouped linear  ys_r = W_expert(r) xs_r      dxs = dys W_e, dW_e = dysᵀ xs over the rows of e
//   combine         y_t  = Σ_k g_tk ys_row(t,k)  dys_row(t,k) = g_tk dy_t, dg_tk = dy_t·ys_row(t,k)
#include "experts/dispatch.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/parallel.h"
#include "matmul/gemm.h"
#include "tensor/tape.h"

namespace seekling {

void cpu::sort_by_expert(const Plan& plan, const Routing& routing, const Ints& dropped) {
  const auto goes = [&](Index choice) { return dropped.empty() || !dropped[choice]; };
  const Index choices = plan.row.size();
  for (Index choice = 0; choice < choices; ++choice)
    if (goes(choice)) ++plan.begin[routing.experts[choice] + 1];
  std::partial_sum(plan.begin.begin(), plan.begin.end(), plan.begin.begin());
  std::vector<Index> next(plan.begin.begin(), plan.begin.end() - 1);
  std::fill(plan.row.begin(), plan.row.end(), Plan::kDropped);
  for (Index choice = 0; choice < choices; ++choice) {
    if (!goes(choice)) continue;
    const Index r = next[size_t(routing.experts[choice])]++;
    plan.row[choice] = std::int32_t(r);
    plan.token[r] = std::int32_t(choice / plan.K);
  }
}

void cpu::dispatch_forward(View xs, View x, const Plan& plan) {
  parallel_for(xs.rows, /*grain=*/64, [=, &plan](Index r) { xs.row(r) = x.row(plan.token[r]); });
}

void cpu::dispatch_backward(View dx, View dxs, const Plan& plan) {
  parallel_for(dx.rows, /*grain=*/64, [=, &plan](Index t) {
    for (Index k = 0; k < plan.K; ++k)
      if (const Index r = plan.row[t * plan.K + k]; r != Plan::kDropped) dx.row(t) += dxs.row(r);
  });
}

// One product per expert; make(e, rows ...) returns its operands for the rows [r, r + n).
template <class Make>
static std::vector<Gemm> group(const Plan& plan, Make&& make) {
  std::vector<Gemm> products;
  for (Index e = 0; e + 1 < plan.begin.size(); ++e)
    products.push_back(make(e, plan.begin[e], plan.begin[e + 1] - plan.begin[e]));
  return products;
}

void cpu::grouped_linear_forward(View y, View x, View W, const Plan& plan) {
  gemm_nt(group(plan, [=, out = y.cols](Index e, Index r, Index n) {
    return Gemm{y.middle_rows(r, n), x.middle_rows(r, n), W.middle_rows(e * out, out)};
  }));
}

void cpu::grouped_linear_to_W(View dW, Accumulate into, View dy, View x, const Plan& plan) {
  gemm_tn(
      group(plan,
            [=, out = dy.cols](Index e, Index r, Index n) {
              return Gemm{dW.middle_rows(e * out, out), dy.middle_rows(r, n), x.middle_rows(r, n)};
            }),
      into);
}

void cpu::grouped_linear_to_x(View dx, Accumulate into, View dy, View W, const Plan& plan) {
  gemm_nn(
      group(plan,
            [=, out = dy.cols](Index e, Index r, Index n) {
              return Gemm{dx.middle_rows(r, n), dy.middle_rows(r, n), W.middle_rows(e * out, out)};
            }),
      into);
}

void cpu::combine_forward(View o, View ys, View gates, const Plan& plan) {
  parallel_for(o.rows, /*grain=*/64, [=, &plan](Index t) {
    o.row(t).setZero();
    for (Index k = 0; k < plan.K; ++k)
      if (const Index r = plan.row[t * plan.K + k]; r != Plan::kDropped)
        o.row(t) += gates(t, k) * ys.row(r);
  });
}

void cpu::combine_backward(View dy, Accumulate into, View dg, View d, View y, View g,
                           const Plan& plan) {
  parallel_for(d.rows, /*grain=*/64, [=, &plan](Index t) {
    for (Index k = 0; k < plan.K; ++k) {
      const Index r = plan.row[t * plan.K + k];
      if (r == Plan::kDropped) continue;
      flow(dy.row(r), g(t, k) * d.row(t), into);
      dg(t, k) += d.row(t).dot(y.row(r));
    }
  });
}

Plan::Plan(const Routing& routing, const std::vector<char>& dropped) : K(routing.g.cols()) {
  const Index E = routing.load.size(), choices = routing.experts.size();
  const Device device = routing.experts.device();
  begin = Ints::zeros(E + 1, device), token = Ints(choices, device), row = Ints(choices, device);
  if (device == Device::kCuda) first_tile = Ints(E + 1, device);
  const std::vector<std::int32_t> left_out(dropped.begin(), dropped.end());
  on(device, cpu::sort_by_expert, cuda::sort_by_expert)(*this, routing, Ints(left_out, device));
  token = token.first(choices - std::count(left_out.begin(), left_out.end(), 1));
}

Tensor dispatch(const Tensor& x, const Plan& plan) {
  check(x.rows() * plan.K == plan.row.size(), "dispatch: x ", x.shape(), " has ", x.rows(),
        " tokens, the plan ", plan.row.size() / plan.K);
  const Tensor xs({plan.token.size(), x.cols()}, x.device());
  const auto copy_rows = [x, plan](View to) {
    on(x.device(), cpu::dispatch_forward, cuda::dispatch_forward)(to, x, plan);
  };
  copy_rows(xs);
  if (!recording()) return xs;
  remakeable(xs, Cost::kCopy, copy_rows);
  record("dispatch", {x}, {xs}, [dx = x.grad(), dxs = xs.grad(), plan] {
    on(dx.device(), cpu::dispatch_backward, cuda::dispatch_backward)(dx, dxs, plan);
  });
  return xs;
}

Tensor grouped_linear(const Tensor& x, const Tensor& W, const Plan& plan) {
  check(W.shape().count() == 3 && W.dim(0) + 1 == plan.begin.size() && W.cols() == x.cols(),
        "grouped_linear: W ", W.shape(), " must be [", plan.begin.size() - 1, " experts, out, ",
        x.cols(), "]");
  const Tensor y({x.rows(), W.dim(1)}, x.device());
  on(x.device(), cpu::grouped_linear_forward, cuda::grouped_linear_forward)(y, x, W, plan);
  record("grouped_linear", {x, W}, {y}, [x, W, dx = x.grad(), dW = W.grad(), dy = y.grad(), plan] {
    const Accumulate into_W = flow_into(dW);
    on(x.device(), cpu::grouped_linear_to_W, cuda::grouped_linear_to_W)(dW, into_W, dy, x, plan);
    x.forget();  // if recomputable: x and dx, N·K rows each, need not be in memory together
    const Accumulate into_x = flow_into(dx);
    on(x.device(), cpu::grouped_linear_to_x, cuda::grouped_linear_to_x)(dx, into_x, dy, W, plan);
  });
  return y;
}

Tensor grouped_linear(const Tensor& x, const Packed& W, const Plan& plan) {
  const Tensor y({x.rows(), W.out});
  std::vector<PackedProduct> products;
  for (Index e = 0; e < W.count; ++e) {
    const Index r = plan.begin[e], n = plan.begin[e + 1] - r;
    if (n > 0) products.push_back({y.view().middle_rows(r, n), x.view().middle_rows(r, n), &W, e});
  }
  multiply(products);  // reads only the chosen experts, in one parallel loop
  return y;
}

Tensor combine(const Tensor& y, const Tensor& g, const Plan& plan) {
  check(g.size() == plan.row.size() && g.cols() == plan.K && y.rows() == plan.token.size(),
        "combine: gates ", g.shape(), " must be [N, ", plan.K, "] for the rows of ", y.shape());
  const Tensor out({g.rows(), y.cols()}, y.device());
  on(y.device(), cpu::combine_forward, cuda::combine_forward)(out, y, g, plan);
  if (!recording()) return out;
  record("combine", {y, g}, {out}, [y, g, dy = y.grad(), d_out = out.grad(), plan] {
    const Accumulate into_y = flow_into(dy);  // each row of y belongs to one choice: all are stored
    on(y.device(), cpu::combine_backward, cuda::combine_backward)(dy, into_y, g.grad(), d_out, y, g,
                                                                  plan);
  });
  return out;
}

}  // namespace seekling
