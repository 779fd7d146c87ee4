// The key-value cache of one layer. A kind of attention decodes through LayerCache and does not see
// how the numbers are stored: here contiguously, for one sequence, on any device; in paged_cache.h
// in pages, for many sequences at once and in short formats.
#pragma once

#include <cstdint>
#include <vector>

#include "attention/append.h"
#include "attention/attention.h"
#include "attention/positions.h"

namespace seekling {

// What a layer keeps of a token: keys and values of each key head. MLA's latents are one head,
// whose values are the content of its keys.
struct CacheRow {
  Index heads;
  Index content, rotary;  // widths of the parts of a key
  Index value;            // 0: the content is the value too
  Index index = 0;        // width of an indexer's key, one for all heads; 0: there is no indexer

  Index elements() const { return heads * (content + rotary + value) + index; }
};

// The cache of one layer in one step, which has N tokens; of the last n of them the layer's output
// is wanted, of the others only what the cache keeps. For a batch of sequences the tokens of each
// are adjacent.
class LayerCache {
 public:
  virtual ~LayerCache() = default;

  // The rows of h [1,N,..] whose output is wanted.
  virtual Tensor wanted(const Tensor& h) const { return h; }

  // Before append(): where the last tokens of the step stand, of which x [1,..] has the rows.
  virtual Positions positions(const Tensor& x, const Rotary& rotary) = 0;

  // Adds all tokens of the step to those held: key [1,N,heads,·], value [1,N,heads,value],
  // index_key [1,N,1,index]. Error, and nothing changed, if there is no room.
  virtual void append(const Pair& key, const Tensor& value = {}, const Tensor& index_key = {}) = 0;

  // After append(), of wanted token t: how many tokens of its sequence it sees, itself counted, and
  // the indexer's keys of those [S,index].
  virtual Index tokens_seen(Index t) const = 0;
  virtual Tensor index_keys(Index t) const = 0;
  // Narrows attend(), until the next append(), to these keys of each wanted token: a row of
  // ascending positions for each, with -1 after the last. Empty: to nothing less than all.
  void choose(std::vector<std::int32_t> positions) { chosen = std::move(positions); }

  // Attention of the wanted tokens, after append(): each sees the latest `window` tokens (0: all)
  // of its sequence up to itself. q [1,n,H,·], o [1,n,H,width of a value].
  virtual Tensor attend(const Pair& q, real scale, Index window = 0) const = 0;

  // Is the step a part of one prompt? Then its sequence holds S tokens, whose keys can be had as
  // tensors, [1,S,heads,·].
  virtual bool of_prompt() const { return false; }
  virtual Index tokens() const = 0;
  virtual Pair keys() const = 0;

 protected:
  std::vector<std::int32_t> chosen;
};

// Room for `capacity` tokens, made once.
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
  Pair key;          // [1,capacity,heads,·]; a part of width 0 is undefined
  Tensor value;      // [1,capacity,heads,value]
  Tensor index;      // [1,capacity,1,index]
  Index length = 0;  // tokens held
  Index fresh = 0;   // of these, from the latest step

 private:
  Tensor held(const Tensor& all) const;  // the rows of the tokens held
};

}  // namespace seekling
