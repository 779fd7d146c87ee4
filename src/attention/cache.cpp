#include "attention/cache.h"

#include "core/check.h"

namespace seekling {

Cache::Cache(const CacheRow& r, Index capacity, Device device) : row(r) {
  const auto room = [&](Index heads, Index width) {
    return width > 0 ? Tensor::zeros({1, capacity, heads, width}, device) : Tensor();
  };
  key = {room(row.heads, row.content), room(row.heads, row.rotary)};
  value = room(row.heads, row.value), index = room(1, row.index);
}

void Cache::check_room(Index capacity, Index needed) {
  check(needed <= capacity, "the context is full: it holds ", capacity, " tokens, and ", needed,
        " are needed; generate fewer tokens or shorten the prompt");
}

void Cache::append(const Pair& k, const Tensor& v, const Tensor& index_key) {
  fresh = (k.r.defined() ? k.r : k.c).dim(1);
  check_room((key.r.defined() ? key.r : key.c).dim(1), length + fresh);
  if (key.c.defined()) seekling::append(key.c, k.c, length);
  if (key.r.defined()) seekling::append(key.r, k.r, length);
  if (value.defined()) seekling::append(value, v, length);
  if (index.defined()) seekling::append(index, index_key, length);
  length += fresh;
  chosen.clear();
}

Tensor Cache::index_keys(Index t) const {
  return index.reshape({index.dim(1), index.cols()}).slice(0, tokens_seen(t));
}

Tensor Cache::held(const Tensor& all) const {
  if (!all.defined()) return {};
  const Index heads = all.dim(2), width = all.cols();
  const Tensor rows = all.reshape({all.dim(1) * heads, width});
  return rows.slice(0, length * heads).reshape({1, length, heads, width});
}

Tensor Cache::attend(const Pair& q, real scale, Index window) const {
  const Pair k = keys();
  Mask mask{.window = window};
  if (!chosen.empty()) mask.chosen = key_sets(chosen, fresh, length);
  return attention(q, k, value.defined() ? held(value) : k.c, scale, mask);
}

}  // namespace seekling
