// What generation remembers of one layer, for one sequence: for MLA a latent and a rotary
// key a token, shared by all heads; for the baselines keys and values of every key head.
// Room is made once, for `capacity` tokens. This cache and the decode() functions that use
// it are the equations, for the reader, and what the tests compare infer/decoder.h with:
// that is the one that commands run.
#pragma once

#include "attention/append.h"
#include "attention/attention.h"
#include "core/check.h"

namespace seekling {

struct Cache {
  Pair key;          // c and r [1,capacity,heads,·]; c undefined for the baselines
  Tensor value;      // [1,capacity,heads,head_dim] of the baselines; MLA's values are its latents
  Index length = 0;  // tokens held

  // Puts the new tokens' rows behind the ones held; returns what all tokens up to them look like.
  static Tensor append(const Tensor& held, const Tensor& fresh, Index length) {
    if (!held.defined()) return {};
    const Index T = fresh.dim(1), heads = held.dim(2);
    check_room(held.dim(1), length + T);
    seekling::append(held, fresh, length);
    const Tensor all = held.reshape({held.dim(1) * heads, held.cols()});
    return all.slice(0, (length + T) * heads).reshape({1, length + T, heads, held.cols()});
  }

  static void check_room(Index capacity, Index needed) {
    check(needed <= capacity, "the context is full: it holds ", capacity, " tokens, and ", needed,
          " are needed; generate fewer tokens or shorten the prompt");
  }

  Index elements_per_token() const {
    Index n = 0;
    for (const Tensor& t : {key.c, key.r, value})
      if (t.defined()) n += t.dim(2) * t.cols();
    return n;
  }
};

}  // namespace seekling
