// Many requests at once over one cache of fixed size (continuous batching, Yu et al. 2022, "Orca").
//
// A step reads every weight once for all requests, so its cost hardly grows with their number; the
// cache limits that number: the smaller a token's row, the more requests run together. A request
// joins as soon as there are pages for its prompt, and leaves when it ends. If a request needs a
// page and none is free, the request that joined last is preempted: it returns all of its pages and
// waits at the head of the queue. Later it is read again, its prompt by prefill and its answer by
// steps, so that its cache is restored bit for bit. The text of a request is therefore the same as
// from a Generator, whatever else is in the batch.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "infer/decoder.h"
#include "infer/sampler.h"

namespace seekling {

struct Request {
  std::vector<std::int32_t> prompt;
  Index max_tokens = 0;
  Sampling sampling = {};
  std::int32_t eos = -1;  // ends the answer and is not part of it; negative: none
};

class Scheduler {
 public:
  // A cache of `pages` pages of 32 tokens; at most `most` requests run at a time. The decoder must
  // outlive the scheduler.
  Scheduler(const Decoder& decoder, Index pages, Index most);

  Index submit(Request request);  // its number; Error if it could never run, or has no prompt

  // Admits requests, then runs one step with a token of each. Calls `each` with every new token.
  // False: no request is left.
  bool step(const std::function<void(Index request, std::int32_t id)>& each = {});

  const std::vector<std::int32_t>& answer(Index request) const {
    return all[std::size_t(request)].answer;
  }
  Index running() const { return Index(active.size()); }
  Index steps() const { return steps_done; }
  Index preemptions() const { return preempted; }
  const Pages& cache() const { return pages; }

 private:
  struct State {
    Request request;
    Rng rng;
    std::vector<std::int32_t> answer, history;
    Sequence sequence = {};
    bool done = false;
  };

  void admit();
  void join(State& state);
  void preempt_last();
  bool choose(State& state, const Tensor& logits, Index row);

  const Decoder& decoder;
  Pages pages;
  Index most, steps_done = 0, preempted = 0;
  std::deque<State> all;  // by number; a deque does not move its elements
  std::deque<Index> waiting;
  std::vector<Index> active;                          // in the order in which they joined
  std::vector<std::pair<Index, std::int32_t>> fresh;  // tokens not yet passed to `each`
};

}  // namespace seekling
