// The input of a forward pass besides the activations: the same for every layer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nn/mask.h"
#include "tensor/tensor.h"

namespace seekling {

// Sees the outputs of layers by name, in the order in which a forward pass computes them. Names are
// those of the checkpoint without ".weight": model.embed_tokens, model.layers.3.self_attn.q and .k
// (queries and keys with their positions, [B,T,heads,d]), model.layers.3.self_attn,
// model.layers.3.mlp, model.layers.3.mlp.gate (the router's logits), model.layers.3 (the residual
// stream after it), model.norm, and for a module of multi-token prediction, which is a layer after
// the last, also model.layers.4.shared_head.norm.
using Observer = std::function<void(const std::string& name, const Tensor& output)>;

struct Context {
  Mask mask = {};  // of attention(): the documents; a kind of attention adds its own

  // Of a training run.
  bool predict_further = false;  // run the modules of multi-token prediction too
  real device_loss_alpha = 0, communication_loss_alpha = 0;  // α2, α3; α1 is the config's
  double capacity_factor = 0;   // a device's budget over the mean load; 0: nothing is dropped
  std::vector<char> keep = {};  // [B] sequences of which nothing is dropped, or empty
  bool want_balance_loss = true;
  // Of sparse attention (sparse/). The dense stage: attention sees all keys, and nothing but the
  // indexers learns. What takes the loss of each layer's indexer, one number, and gives it its
  // gradient; empty: that loss is not computed, and no indexer learns.
  bool dense_stage = false;
  std::function<void(const Tensor& loss)> indexer_loss = {};

  Observer observer = {};  // empty: nothing is observed, at no cost
  std::string path = {};   // of the layer that has this context, for names

  // The context of a part of this layer.
  Context at(const std::string& part) const {
    Context inside = *this;
    if (observer) inside.path = name_of(part);
    return inside;
  }

  // Shows x to the observer, if there is one, as the output of `part`, and returns it.
  const Tensor& observe(const char* part, const Tensor& x) const {
    if (observer) observer(name_of(part), x);
    return x;
  }
  // The same as the output of the layer itself.
  const Tensor& observe(const Tensor& x) const {
    if (observer) observer(path, x);
    return x;
  }

 private:
  std::string name_of(const std::string& part) const {
    return path.empty() ? part : path + "." + part;
  }
};

}  // namespace seekling
