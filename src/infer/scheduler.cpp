#include "infer/scheduler.h"

#include <algorithm>

#include "core/check.h"
#include "infer/generate.h"

namespace seekling {

Scheduler::Scheduler(const Decoder& d, Index n_pages, Index at_most)
    : decoder(d), pages(d.make_pages(n_pages)), most(at_most) {
  check(at_most >= 1, "Scheduler: found room for ", at_most, " requests, expected at least 1");
}

Index Scheduler::submit(Request request) {
  check_sampling(request.sampling);
  check(!request.prompt.empty(), "a request's prompt is empty, expected at least one token");
  // The last new token is not read.
  const Index tokens = Index(request.prompt.size()) + std::max<Index>(request.max_tokens, 1) - 1;
  check(tokens <= decoder.config.max_position_embeddings, "a request of ", request.prompt.size(),
        " prompt tokens and ", request.max_tokens, " new tokens is longer than the model's ",
        decoder.config.max_position_embeddings, " positions (max_position_embeddings)");
  check(Pages::needed(tokens) <= pages.pages(), "a request of ", request.prompt.size(),
        " prompt tokens and ", request.max_tokens, " new tokens needs ", Pages::needed(tokens),
        " pages of ", Pages::kTokens, " tokens, and the whole cache has ", pages.pages(),
        "; give it more memory");
  const Index number = Index(all.size());
  Rng rng(request.sampling.seed);
  std::vector<std::int32_t> history = request.prompt;
  all.push_back({std::move(request), rng, {}, std::move(history)});
  waiting.push_back(number);
  return number;
}

// False: that was the end of the sentence.
bool Scheduler::choose(State& s, const Tensor& logits, Index row) {
  const std::int32_t id = sample({&logits.view()(row, 0), std::size_t(logits.cols())},
                                 s.request.sampling, s.rng, s.history);
  s.done = id == s.request.eos;
  if (s.done) return false;
  s.answer.push_back(id);
  s.history.push_back(id);
  s.done = Index(s.answer.size()) == s.request.max_tokens;
  return true;
}

// Reads the prompt as a Generator does, then the answer so far if the request was preempted, except
// its last token, which the next step reads.
void Scheduler::join(State& s) {
  Tensor h;
  for_each_chunk(s.request.prompt, [&](std::span<const std::int32_t> chunk, bool ends) {
    h = decoder.prefill(s.sequence, chunk, pages, /*wanted=*/ends && s.answer.empty() ? 1 : 0);
  });
  if (s.answer.empty()) {
    choose(s, decoder.logits(h), 0);
    return;
  }
  std::vector<Decoder::Token> again;
  for (std::size_t i = 0; i + 1 < s.answer.size(); ++i) again.push_back({&s.sequence, s.answer[i]});
  if (!again.empty()) decoder.step(again, pages);
}

void Scheduler::admit() {
  while (!waiting.empty() && running() < most) {
    State& s = all[std::size_t(waiting.front())];
    if (s.request.max_tokens <= 0) {
      waiting.pop_front();
      continue;
    }
    // It needs pages for all its known tokens, and one more token for it and each running request:
    // otherwise it would be preempted at once.
    const Index known = Index(s.history.size());
    if (Pages::needed(known + 1) + running() > pages.free() && running() > 0) return;
    const Index number = waiting.front();
    waiting.pop_front();
    const std::size_t before = s.answer.size();
    join(s);
    if (s.answer.size() > before) fresh.emplace_back(number, s.answer.back());
    if (s.done) pages.truncate(s.sequence, 0);
    else active.push_back(number);
  }
}

void Scheduler::preempt_last() {
  const Index number = active.back();
  active.pop_back();
  pages.truncate(all[std::size_t(number)].sequence, 0);
  waiting.push_front(number);
  ++preempted;
}

bool Scheduler::step(const std::function<void(Index, std::int32_t)>& each) {
  admit();
  const auto pages_needed = [&] {
    return std::count_if(active.begin(), active.end(), [&](Index a) {
      return all[std::size_t(a)].sequence.length % Pages::kTokens == 0;
    });
  };
  while (pages_needed() > pages.free()) preempt_last();
  if (!active.empty()) {
    std::vector<Decoder::Token> tokens;
    for (const Index a : active)
      tokens.push_back({&all[std::size_t(a)].sequence, all[std::size_t(a)].answer.back()});
    const Tensor logits = decoder.logits(decoder.step(tokens, pages));
    ++steps_done;
    for (std::size_t i = 0; i < active.size(); ++i) {
      State& s = all[std::size_t(active[i])];
      if (choose(s, logits, Index(i))) fresh.emplace_back(active[i], s.answer.back());
      if (s.done) pages.truncate(s.sequence, 0);
    }
    std::erase_if(active, [&](Index a) { return all[std::size_t(a)].done; });
  }
  for (const auto& [number, id] : fresh)
    if (each) each(number, id);
  fresh.clear();
  return !active.empty() || !waiting.empty();
}

}  // namespace seekling
