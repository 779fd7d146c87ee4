// Many requests at once over one cache of a fixed size (continuous batching,
// Yu et al. 2022, "Orca").
//
// A step reads every weight once, whoever shares it, so its cost hardly grows with the requests
// in it, and what limits their number is the cache: the smaller a token's row, the more requests
// run together. Requests join as soon as there are pages for their prompt, and leave when they end.
// When a request needs a page and none is free, the one that joined last gives all of its pages
// back and waits, first in the queue; it is read again later, its prompt as a prompt
// and its answer as steps, so that every number in its cache comes back to the bit.
// A request's text is therefore that of a Generator alone, whatever else is in the batch.
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
  // A cache of `pages` pages of 32 tokens; at most `most` requests at a time.
  // The decoder must outlive the scheduler.
  Scheduler(const Decoder& decoder, Index pages, Index most);

  Index submit(Request request);  // its number; Error if it could never run, or has no prompt

  // Lets requests join, then reads one token of each that runs. `each` is told every new token.
  // False: nothing is left.
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
  std::deque<State> all;  // by number; a deque does not move what the others point to
  std::deque<Index> waiting;
  std::vector<Index> active;                          // in the order in which they joined
  std::vector<std::pair<Index, std::int32_t>> fresh;  // tokens that `each` has not been told
};

}  // namespace seekling
