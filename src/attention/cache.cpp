#include "attention/cache.h"

#include "core/check.h"

namespace seekling {

Cache::Cache(const CacheRow& r, Index capacity, Device device) : row(r) {
  const auto room = [&](Index width) {
    return width > 0 ? Tensor::zeros({1, capacity, row.heads, width}, device) : Tensor();
  };
  key = {room(row.content), room(row.rotary)}, value = room(row.value);
}

void Cache::check_room(Index capacity, Index needed) {
  check(needed <= capacity, "the context is full: it holds ", capacity, " tokens, and ", needed,
        " are needed; generate fewer tokens or shorten the prompt");
}

void Cache::append(const Pair& fresh, const Tensor& fresh_value) {
  const Index T = (fresh.r.defined() ? fresh.r : fresh.c).dim(1),
              capacity = (key.r.defined() ? key.r : key.c).dim(1);
  check_room(capacity, length + T);
  if (key.c.defined()) seekling::append(key.c, fresh.c, length);
  if (key.r.defined()) seekling::append(key.r, fresh.r, length);
  if (value.defined()) seekling::append(value, fresh_value, length);
  length += T;
}

Tensor Cache::held(const Tensor& all) const {
  if (!all.defined()) return {};
  const Index heads = all.dim(2), width = all.cols();
  const Tensor rows = all.reshape({all.dim(1) * heads, width});
  return rows.slice(0, length * heads).reshape({1, length, heads, width});
}

Tensor Cache::attend(const Pair& q, real scale, Index window) const {
  const Pair k = keys();
  return attention(q, k, value.defined() ? held(value) : k.c, scale, {.window = window});
}

}  // namespace seekling
