#include "train/samples.h"

#include <algorithm>

#include "infer/generate.h"
#include "report/questions.h"
#include "toy/turn.h"

namespace seekling {

namespace {

// An untrained model says control characters, too, which a terminal would obey: they are shown
// by their pictures, U+2400 on.
std::string tame(const std::string& said) {
  std::string out;
  for (const char c : said) {
    const bool control = (0 <= c && c < ' ' && c != '\n' && c != '\t') || c == '\x7F';
    out += !control ? std::string(1, c)
                    : "\xE2\x90" + std::string(1, char(c == '\x7F' ? 0xA1 : 0x80 + c));
  }
  return out;
}

// Markdown: what the model was given, quoted, and below it what it said.
std::string turn(const std::string& given, const std::string& said) {
  std::string out = "> ";
  for (const char c : given) out += c == '\n' ? std::string("\n> ") : std::string(1, c);
  return tame(out + "\n\n" + said + "\n\n");
}

std::string story(const Decoder& model, const Tokenizer& tokenizer, const std::string& wish) {
  return turn(wish, answer(model, tokenizer, prompt(wish), 160));
}

// The last message of the user in a prompt.
std::string last_turn(std::string prompt) {
  if (const std::size_t turn = prompt.rfind("User: "); turn != std::string::npos)
    prompt = prompt.substr(turn + 6);
  return prompt.substr(0, prompt.rfind("\n\nAssistant:"));
}

// About 24 tokens from part k of n of the text, starting at a line if one begins nearby.
std::vector<TokenId> passage(const Tokenizer& tokenizer, const TokenFile& text, Index k, Index n) {
  constexpr Index kSoon = 400, kLength = 24;
  const auto begins_line = [&](Index i) {
    return i == 0 || text[i - 1] == tokenizer.bos() || tokenizer.bytes(text[i - 1]).ends_with('\n');
  };
  const Index part = text.size() * k / n;
  Index begin = part;
  while (begin < std::min(part + kSoon, text.size() - 1) &&
         (!begins_line(begin) || text[begin] == tokenizer.bos()))
    ++begin;
  if (!begins_line(begin)) begin = part;
  std::vector<TokenId> ids{tokenizer.bos()};
  for (Index i = begin; i < std::min(begin + kLength, text.size()); ++i) {
    if (text[i] == tokenizer.eos() || text[i] == tokenizer.bos()) break;
    ids.push_back(text[i]);
  }
  return ids;
}

}  // namespace

std::string toy_samples(const Transformer& model, const Tokenizer& tokenizer,
                        const std::filesystem::path& file, Index how_many) {
  const Decoder decoder(model);
  std::string out = story(decoder, tokenizer, "Tell me a story.") +
                    story(decoder, tokenizer, "お話を聞かせてください。");
  const std::vector<Question> questions = read_questions(file);
  const std::size_t stride = std::max<std::size_t>(questions.size() / std::size_t(how_many), 1);
  for (std::size_t i = 0; i < questions.size(); i += stride) {
    const Question& q = questions[i];
    const std::string found = answer(decoder, tokenizer, q.prompt, 48);
    out += turn(last_turn(q.prompt),
                found + (found == q.answer ? "   (right)" : "   (wrong:" + q.answer + ")"));
  }
  return out;
}

std::string prose_samples(const Transformer& model, const Tokenizer& tokenizer,
                          const TokenFile& text, Index how_many) {
  constexpr Index kTokens = 80;
  const Sampling sampling{.temperature = 0.8, .top_p = 0.95, .seed = 1};  // greedy text repeats
  const Decoder decoder(model);
  std::string out;
  for (Index k = 0; k < how_many; ++k) {
    const std::vector<TokenId> given = passage(tokenizer, text, k, how_many);
    const Index room =
        std::min(kTokens, model.config.max_position_embeddings - Index(given.size()));
    if (room <= 0) continue;
    Generator generator(decoder, Index(given.size()) + room);
    generator.read(given);
    const std::string said = tokenizer.decode(generator.generate(room, sampling, tokenizer.eos()),
                                              /*keep_specials=*/false);
    out += turn(tokenizer.decode(given, /*keep_specials=*/false), said);
  }
  return out;
}

std::string samples_of(const Run& run, const TokenFiles& texts, Index how_many) {
  const auto model = run.model_on_cpu();
  if (std::filesystem::exists(run.questions()))
    return toy_samples(*model, *run.tokenizer, run.questions(), how_many);
  return prose_samples(*model, *run.tokenizer, texts.to_continue(),
                       std::max<Index>(how_many / 3, 1));
}

}  // namespace seekling
