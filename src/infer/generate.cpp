// Generation. The prompt is read in chunks (prefill), then one token at a time: each step reads
// only the latest token, because the cache has all that attention needs of the earlier ones.
//
// Speculative decoding (Leviathan et al. 2022, arXiv:2211.17192; with multi-token prediction:
// DeepSeek-V3, arXiv:2412.19437, §5.4.3). The cost of a step is reading the weights, whether for
// one token or for two. So the module of depth 1 draws a guess g from its own distribution q, and
// the next step reads the sampled token and g together. With p the model's distribution, g is
// accepted with probability min(1, p(g) / q(g)), and otherwise replaced by a draw from max(0, p -
// q), normalised. The resulting token has distribution p:
//   P(x) = q(x) min(1, p(x)/q(x)) + (1 - Σ_g min(p(g), q(g))) max(0, p(x) - q(x)) / Σ max(0, p - q)
//        = p(x)
// The step has also read an accepted guess, so its logits give one more token for free.
#include "infer/generate.h"

#include <algorithm>

#include "core/check.h"

namespace seekling {

static const Decoder& checked(const Decoder& decoder, bool guessing) {
  check(!guessing || decoder.predicts_further(),
        "--speculative: this model has no multi-token prediction module "
        "(num_nextn_predict_layers is 0); train one with --num-nextn-predict-layers 1");
  return decoder;
}

Generator::Generator(const Decoder& d, Index capacity, bool guesses)
    : decoder(checked(d, guesses)),
      pages(d.make_pages(Pages::needed(std::min(capacity, d.config.max_position_embeddings)),
                         guesses)),
      guessing(guesses) {
  sequence.capacity = std::min(capacity, d.config.max_position_embeddings);
}

// h [wanted,hidden_size]
Tensor Generator::read_chunk(std::span<const std::int32_t> ids, Index wanted) {
  const Index start = sequence.length, T = Index(ids.size());
  const Tensor h = decoder.prefill(sequence, ids, pages, guessing ? T : wanted);
  if (guessing) {  // the module pairs h of position i with the id at i + 1: the last h must wait
    const Index waited = h_last.defined() ? 1 : 0;
    const Tensor past({waited + T - 1, h.cols()});
    if (waited) past.view().row(0) = h_last.view().row(0);
    past.view().middle_rows(waited, T - 1).matrix() = h.view().middle_rows(0, T - 1).matrix();
    if (past.rows() > 0)
      decoder.predict_further(past, sequence, start - waited, ids.last(std::size_t(past.rows())),
                              pages,
                              /*wanted=*/0);
    h_last = h.slice(T - 1, 1);
  }
  return h.slice(h.dim(0) - wanted, wanted);
}

void Generator::read(std::span<const std::int32_t> ids) {
  for_each_chunk(ids, [&](std::span<const std::int32_t> chunk, bool ends) {
    const Tensor h = read_chunk(chunk, /*wanted=*/ends ? 1 : 0);
    if (ends) last = decoder.logits(h);
  });
  history.resize(std::size_t(sequence.length) - ids.size());  // drops a token that was never read
  history.insert(history.end(), ids.begin(), ids.end());
}

std::span<const real> Generator::logits() const {
  check(last.defined(), "generate: the prompt is empty, expected at least one token");
  return {last.data(), std::size_t(last.size())};
}

std::vector<std::int32_t> generate(Index max_tokens, const Sampling& sampling, const Ends& ends,
                                   const Each& each, std::vector<std::int32_t>& history,
                                   const std::function<std::span<const real>()>& logits,
                                   const std::function<void(std::int32_t)>& read) {
  check_sampling(sampling);
  Rng rng(sampling.seed);
  std::vector<std::int32_t> ids;
  while (Index(ids.size()) < max_tokens) {
    const std::int32_t id = sample(logits(), sampling, rng, history);
    if (ends.has(id)) break;
    ids.push_back(id);
    history.push_back(id);
    if (each && !each(id)) break;
    if (Index(ids.size()) == max_tokens) break;
    read(id);
  }
  return ids;
}

std::vector<std::int32_t> Generator::generate(Index max_tokens, const Sampling& sampling,
                                              const Ends& ends, const Each& each) {
  return seekling::generate(
      max_tokens, sampling, ends, each, history, [&] { return logits(); },
      [&](std::int32_t id) {
        const Decoder::Token token{&sequence, id};
        last = decoder.logits(decoder.step(std::span(&token, 1), pages));
      });
}

// The state of generate_guessing between its steps.
struct Generator::Speculation {
  Generator& to;
  const Index max_tokens;
  const Sampling& sampling;
  const Ends& ends;
  Guesses& guesses;
  const Each& each;
  Rng rng;
  std::vector<std::int32_t> ids = {};   // the answer
  std::int32_t id = 0;                  // its last token, which the model has not read
  Tensor h = {};                        // of the positions that the module has not read ...
  std::vector<std::int32_t> next = {};  // ... and the ids that follow them

  std::vector<double> distribution(const Tensor& z, Index row) const {
    return probabilities({&z.view()(row, 0), std::size_t(z.cols())}, sampling, to.history);
  }
  std::int32_t choose(const Tensor& z, Index row) {
    return sample({&z.view()(row, 0), std::size_t(z.cols())}, sampling, rng, to.history);
  }
  bool add(std::int32_t token) {  // false: the answer is complete
    if (ends.has(token)) return false;
    ids.push_back(token);
    to.history.push_back(token);
    return (!each || each(token)) && Index(ids.size()) < max_tokens;
  }

  // One pass through the model, with a guess if there is room for it. False: the answer is
  // complete.
  bool step() {
    const Index read = to.sequence.length;
    const Tensor further = to.decoder.predict_further(h, to.sequence, read - Index(next.size()),
                                                      next, to.pages, /*wanted=*/1);
    ++guesses.steps;
    return read + 2 > to.sequence.capacity ? step_without_guess() : step_with_guess(further);
  }

  bool step_without_guess() {  // the decoder checks that there is room for the token
    const Decoder::Token token{&to.sequence, id};
    h = to.decoder.step(std::span(&token, 1), to.pages);
    to.last = to.decoder.logits(h);
    next = {id = choose(to.last, 0)};
    to.h_last = h;
    return add(id);
  }

  bool step_with_guess(const Tensor& further) {
    // The module's guess.
    const std::vector<double> q = distribution(to.decoder.logits(further), 0);
    const std::int32_t guess = draw(q, rng);
    ++guesses.made;

    // The model reads the latest token and the guess, and accepts or replaces the guess.
    const Index read = to.sequence.length;
    const Decoder::Token two[] = {{&to.sequence, id}, {&to.sequence, guess}};
    const Tensor h_two = to.decoder.step(two, to.pages), z = to.decoder.logits(h_two);
    const GuessOutcome outcome = accept_or_resample(distribution(z, 0), q, guess, rng);

    // Rejected: remove the guess from the cache; its replacement is the next token.
    if (!outcome.accepted) {
      to.pages.truncate(to.sequence, read + 1);
      h = h_two.slice(0, 1), to.h_last = h, to.last = z.slice(0, 1);
      id = outcome.id;
      next = {id};
      return add(id);
    }

    // Accepted, and the guess ends the answer: a last token is not kept in the cache.
    ++guesses.accepted;
    if (!add(guess)) {
      to.pages.truncate(to.sequence, read + 1);
      to.h_last = h_two.slice(0, 1), to.last = z.slice(0, 1);
      return false;
    }

    // Accepted: the logits of the guess give one more token.
    h = h_two, to.h_last = h_two.slice(1, 1), to.last = z.slice(1, 1);
    id = choose(z, 1);
    next = {guess, id};
    if (add(id)) return true;
    // At the end the module still has to read the position before the guess.
    to.decoder.predict_further(h_two.slice(0, 1), to.sequence, read, std::span(&guess, 1), to.pages,
                               /*wanted=*/0);
    return false;
  }
};

std::vector<std::int32_t> Generator::generate_guessing(Index max_tokens, const Sampling& sampling,
                                                       const Ends& ends, Guesses& guesses,
                                                       const Each& each) {
  check_sampling(sampling);
  check(guessing, "generate_guessing: this generator was made without speculation");
  if (max_tokens <= 0) return {};
  logits();  // Error if nothing was read

  // The first token comes from the prompt's logits, all others from steps.
  Speculation s{*this, max_tokens, sampling, ends, guesses, each, Rng(sampling.seed)};
  s.id = s.choose(last, 0);
  if (!s.add(s.id)) return s.ids;
  s.next = {s.id};
  s.h = h_last;
  while (s.step()) {
  }
  return s.ids;
}

}  // namespace seekling
