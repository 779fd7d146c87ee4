// The key-value cache of one layer. Attention decodes through LayerCache, which hides the storage:
// contiguous here, for one sequence on any device; paged in paged_cache.h, for many sequences at
// once and in short formats.
#pragma once

#include <cstdint>
#include <vector>

#include "attention/append.h"
#include "attention/attention.h"
#include "attention/positions.h"

namespace seekling {

// What a layer caches per token: the key and value of each key head. MLA's latents are one head
// whose value is the content part of its key.
struct CacheRow {
  Index heads;
  Index content, rotary;  // widths of the parts of a key
  Index value;            // 0: the content is also the value
  Index index = 0;        // width of an indexer's key, one for all heads; 0: there is no indexer

  Index elements() const { return heads * (content + rotary + value) + index; }
};

// The cache of one layer in one step of N tokens. The last n of them need the layer's output; the
// others only fill the cache. In a batch of sequences the tokens of each sequence are adjacent.
class LayerCache {
 public:
  virtual ~LayerCache() = default;

  // The rows of h [1,N,..] that need an output.
  virtual Tensor wanted(const Tensor& h) const { return h; }

  // Call before append(): the positions of the last tokens of the step, whose rows are x [1,..].
  virtual Positions positions(const Tensor& x, const Rotary& rotary) = 0;

  // Adds all tokens of the step: key [1,N,heads,·], value [1,N,heads,value], index_key
  // [1,N,1,index]. Error, and no change, if there is no room.
  virtual void append(const Pair& key, const Tensor& value = {}, const Tensor& index_key = {}) = 0;

  // Call after append(), for wanted token t: the number of tokens of its sequence that it sees,
  // including itself, and the keys of the indexer for these tokens, [S,index].
  virtual Index tokens_seen(Index t) const = 0;
  virtual Tensor index_keys(Index t) const = 0;
  // Restricts attend(), until the next append(), to the given keys: for each wanted token a row of
  // ascending positions, with -1 after the last. Empty: no restriction.
  void choose(std::vector<std::int32_t> positions) { chosen = std::move(positions); }

  // Call after append(): attention of the wanted tokens. Each sees the latest `window` tokens (0:
  // all) of its sequence, including itself. q [1,n,H,·], o [1,n,H,width of a value].
  virtual Tensor attend(const Pair& q, real scale, Index window = 0) const = 0;

  // Is the step a part of one prompt? If so, tokens() is S, the tokens of its sequence, and keys()
  // are their keys, [1,S,heads,·].
  virtual bool of_prompt() const { return false; }
  virtual Index tokens() const = 0;
  virtual Pair keys() const = 0;

 protected:
  std::vector<std::int32_t> chosen;
};

// A contiguous cache for `capacity` tokens, allocated once.
class Cache : public LayerCache {
 public:
  Cache(const CacheRow& row, Index capacity, Device device = Device::kCpu);

  Positions positions(const Tensor&, const Rotary&) override { return length; }
  void append(const Pair& k, const Tensor& v = {}, const Tensor& index_key = {}) override;
  Index tokens_seen(Index t) const override { return length - fresh + t + 1; }
  Tensor index_keys(Index t) const override;
  Tensor attend(const Pair& q, real scale, Index window = 0) const override;
  Index tokens() const override { return length; }
  Pair keys() const override { return {held(key.c), held(key.r)}; }

  static void check_room(Index capacity, Index needed);

  const CacheRow row;
  Pair key;          // [1,capacity,heads,·]; undefined if the width is 0
  Tensor value;      // [1,capacity,heads,value]
  Tensor index;      // [1,capacity,1,index]
  Index length = 0;  // tokens held
  Index fresh = 0;   // of these, from the latest step

 private:
  Tensor held(const Tensor& all) const;  // the rows of the tokens held
};

}  // namespace seekling
