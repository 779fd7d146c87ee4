// What demos train on: the toy world's documents as ids, one behind the other, and rows from them;
// and a step's gradient.
#pragma once

#include <string>
#include <vector>

#include "core/rng.h"
#include "data/batches.h"
#include "model/transformer.h"
#include "optim/adamw.h"
#include "optim/clip.h"
#include "tensor/tape.h"
#include "text/bpe_train.h"
#include "toy/world.h"

namespace seekling {

using Ids = std::vector<std::int32_t>;

inline void append(Ids& stream, const Document& document, const Tokenizer& tokenizer) {
  for (const TokenId id : tokenizer.encode(document.text)) stream.push_back(id);
  stream.push_back(tokenizer.eos());
}

inline Tokenizer toy_tokenizer(const ToyWorld& world, Index vocab_size) {
  std::vector<std::string> texts;
  for (const Document& d : world.train) texts.push_back(d.text);
  return train_bpe(texts, {.vocab_size = vocab_size});
}

inline Ids stream_of(const std::vector<Document>& documents, const Tokenizer& tokenizer) {
  Ids stream;
  for (const Document& d : documents) append(stream, d, tokenizer);
  return stream;
}

inline void append_row(Rows& rows, const Ids& stream, Index place) {
  const auto row = stream.begin() + place;
  rows.ids.insert(rows.ids.end(), row, row + rows.T);
  rows.targets.insert(rows.targets.end(), row + 1, row + rows.T + 1);
  ++rows.B;
}

// Batch `number` of a run: B rows of T tokens from random places.
inline Batch random_rows(const Ids& stream, Index B, Index T, std::uint64_t seed, Index number) {
  Rows rows{.B = 0, .T = T};
  for (Index b = 0; b < B; ++b)
    append_row(rows, stream, Rng(seed, number * B + b).below(Index(stream.size()) - T));
  return make_batch(std::move(rows));
}

// The first B rows of T tokens, one behind the other.
inline Batch first_rows(const Ids& stream, Index B, Index T) {
  Rows rows{.B = 0, .T = T};
  for (Index b = 0; b < B; ++b) append_row(rows, stream, b * T);
  return make_batch(std::move(rows));
}

inline NamedTensors parameters_of(const Transformer& model) {
  NamedTensors all;
  model.for_each_parameter(
      [&](const std::string& name, const Tensor& p) { all.emplace_back(name, p); });
  return all;
}

// Adds the gradient of `factor` times the batch's losses to what the parameters hold;
// returns the loss of the next token.
inline double add_gradient(const Transformer& model, const Batch& batch, double factor = 1) {
  Tape tape;
  Losses others;
  const Tensor loss = model.loss(batch, {}, others);
  // Backward starts from both losses.
  if (others.balance.defined()) *others.balance.grad().data() = real(factor);
  tape.backward(loss, real(factor));
  return double(loss.item());
}

}  // namespace seekling
