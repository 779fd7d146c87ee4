// Generation. The prompt is read in chunks, then one token at a time: each step reads the latest
// token only, since all that attention needs of the earlier ones is in the cache.
//
// Guessing ahead (speculative decoding, Leviathan et al. 2022, arXiv:2211.17192; with multi-token
// prediction: DeepSeek-V3, arXiv:2412.19437, §5.4.3). A step costs what reading the weights costs,
// for one token or for two. So: the module of depth 1 draws a guess g from its own distribution q;
// the next step reads the chosen token and g together; g is kept with probability
// min(1, p(g) / q(g)), p being the model's distribution, and otherwise replaced by a draw from
// max(0, p - q), normalised. The token that results is distributed by p:
//   P(x) = q(x) min(1, p(x)/q(x)) + (1 - Σ_g min(p(g), q(g))) max(0, p(x) - q(x)) / Σ max(0, p - q)
//        = p(x)
// A kept guess is a token for free, as the step has read it too: its logits give one more.
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
  if (guessing) {  // h of place i goes with the id at i + 1: the last h waits for the next id
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
  history.resize(std::size_t(sequence.length) - ids.size());  // without a token not yet read
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

std::vector<std::int32_t> Generator::generate_guessing(Index max_tokens, const Sampling& sampling,
                                                       const Ends& ends, Guesses& guesses,
                                                       const Each& each) {
  check_sampling(sampling);
  check(guessing, "generate_guessing: this generator was made without speculation");
  Rng rng(sampling.seed);
  std::vector<std::int32_t> ids;
  const auto distribution = [&](const Tensor& z, Index row) {
    return probabilities({&z.view()(row, 0), std::size_t(z.cols())}, sampling, history);
  };
  const auto choose = [&](const Tensor& z, Index row) {
    return sample({&z.view()(row, 0), std::size_t(z.cols())}, sampling, rng, history);
  };
  const auto goes_on = [&](std::int32_t id) {  // false: that was the last one
    if (ends.has(id)) return false;
    ids.push_back(id);
    history.push_back(id);
    return (!each || each(id)) && Index(ids.size()) < max_tokens;
  };
  if (max_tokens <= 0) return ids;
  logits();  // there is something to go on from
  std::int32_t id = choose(last, 0);
  if (!goes_on(id)) return ids;
  std::vector<std::int32_t> next{id};  // the ids after the places whose h the module has not read
  Tensor h = h_last;
  while (true) {
    const Index read = sequence.length;
    const Tensor further =
        decoder.predict_further(h, sequence, read - Index(next.size()), next, pages, /*wanted=*/1);
    ++guesses.steps;
    if (read + 2 > sequence.capacity) {  // no room for a guess; step checks the token's
      const Decoder::Token token{&sequence, id};
      h = decoder.step(std::span(&token, 1), pages);
      last = decoder.logits(h);
      next = {id = choose(last, 0)};
      h_last = h;
      if (!goes_on(id)) return ids;
      continue;
    }
    const std::vector<double> q = distribution(decoder.logits(further), 0);
    const std::int32_t guess = draw(q, rng);
    ++guesses.made;
    const Decoder::Token two[] = {{&sequence, id}, {&sequence, guess}};
    const Tensor h_two = decoder.step(two, pages), z = decoder.logits(h_two);
    const GuessOutcome outcome = accept_or_resample(distribution(z, 0), q, guess, rng);
    if (outcome.accepted) {
      ++guesses.accepted;
      if (!goes_on(guess)) {  // the last token is not read
        pages.truncate(sequence, read + 1);
        h_last = h_two.slice(0, 1), last = z.slice(0, 1);
        return ids;
      }
      h = h_two, h_last = h_two.slice(1, 1), last = z.slice(1, 1);
      id = choose(z, 1);
      next = {guess, id};
      if (!goes_on(id)) {  // the module still has to read the place before the guess
        decoder.predict_further(h_two.slice(0, 1), sequence, read, std::span(&guess, 1), pages,
                                /*wanted=*/0);
        return ids;
      }
    } else {
      pages.truncate(sequence, read + 1);
      h = h_two.slice(0, 1), h_last = h, last = z.slice(0, 1);
      id = outcome.id;
      next = {id};
      if (!goes_on(id)) return ids;
    }
  }
}

}  // namespace seekling
