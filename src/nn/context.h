// The inputs of a forward pass besides the activations, the same for every layer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nn/mask.h"
#include "tensor/tensor.h"

namespace seekling {

// Receives the outputs of layers by name, in the order in which a forward pass computes them. The
// names are the checkpoint's without ".weight": model.embed_tokens, model.layers.3.self_attn.q and
// .k (rotated queries and keys, [B,T,heads,d]), model.layers.3.self_attn, model.layers.3.mlp,
// model.layers.3.mlp.gate (the router's logits), model.layers.3 (the residual stream after the
// layer), model.norm. A multi-token-prediction module counts as a layer after the last one and also
// has model.layers.4.shared_head.norm.
using Observer = std::function<void(const std::string& name, const Tensor& output)>;

struct Context {
  Mask mask = {};  // the document mask; a kind of attention may add its own restrictions

  // For training only.
  bool predict_further = false;  // also run the multi-token-prediction modules
  real device_loss_alpha = 0, communication_loss_alpha = 0;  // α2, α3; α1 is the config's
  double capacity_factor = 0;   // a device's budget / its mean load; 0: no token dropping
  std::vector<char> keep = {};  // [B] sequences exempt from token dropping, or empty
  bool want_balance_loss = true;
  // Of sparse attention (sparse/). The dense stage: attention sees all keys, and nothing but the
  // indexers learns. What takes the loss of each layer's indexer, one number, and gives it its
  // gradient; empty: that loss is not computed, and no indexer learns.
  bool dense_stage = false;
  std::function<void(const Tensor& loss)> indexer_loss = {};

  Observer observer = {};  // empty: none, at no cost
  std::string path = {};   // of the layer with this context, for names

  // The context for a part of this layer.
  Context at(const std::string& part) const {
    Context inside = *this;
    if (observer) inside.path = name_of(part);
    return inside;
  }

  // Passes x to the observer, if there is one, as the output of `part`, and returns x.
  const Tensor& observe(const char* part, const Tensor& x) const {
    if (observer) observer(name_of(part), x);
    return x;
  }
  // The same for the output of the layer itself.
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
