#include "report/questions.h"

#include <algorithm>

#include "core/parallel.h"
#include "infer/generate.h"

namespace seekling {

std::string answer(const Decoder& model, const Tokenizer& tokenizer, const std::string& prompt,
                   Index max_tokens) {
  std::vector<TokenId> ids = tokenizer.encode(prompt);
  ids.insert(ids.begin(), tokenizer.bos());
  const Index room = std::min(max_tokens, model.config.max_position_embeddings - Index(ids.size()));
  if (room <= 0) return "";
  Generator generator(model, Index(ids.size()) + room);
  generator.read(ids);
  return tokenizer.decode(generator.generate(room, {}, tokenizer.eos()));
}

std::map<std::string, Count> exact_match(const Decoder& model, const Tokenizer& tokenizer,
                                         const std::vector<Question>& questions) {
  constexpr Index kLongestAnswer = 48;
  std::vector<char> right(questions.size(), 0);
  parallel_for(Index(questions.size()), 1, [&](Index i) {  // one thread a question: it is small
    const Question& q = questions[std::size_t(i)];
    right[std::size_t(i)] = answer(model, tokenizer, q.prompt, kLongestAnswer) == q.answer;
  });
  std::map<std::string, Count> counts;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    Count& count = counts[questions[i].kind];
    count.right += right[i];
    ++count.asked;
  }
  return counts;
}

}  // namespace seekling
