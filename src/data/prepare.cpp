#include "data/prepare.h"

#include "core/check.h"
#include "data/texts.h"
#include "data/tokenize.h"
#include "text/tokenizer_json.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

Texts texts_of(const AtomicSave& save, const Source& source, const Say& say) {
  if (!source.data.empty()) return Texts(source.data, {});
  say("making the toy world");
  const fs::path folder = save.file("data");
  write_toy_world(folder, make_toy_world(source.toy_world));
  return Texts({folder / "train.jsonl"}, {folder / "heldout.jsonl"});
}

Tokenizer tokenizer_of(const Source& source, const ForEachDocument& documents, const Say& say) {
  if (source.tokenizer.empty()) {
    say(text("learning a vocabulary of ", source.vocab_size, " tokens"));
    BpeTraining training;
    training.vocab_size = source.vocab_size;
    return learn_tokenizer(documents, training).tokenizer;
  }
  const Tokenizer tokenizer = read_tokenizer(source.tokenizer);
  check(tokenizer.vocab_size() <= source.vocab_size, "--tokenizer ", source.tokenizer, ": it has ",
        tokenizer.vocab_size(), " tokens, but the model's vocab_size is ", source.vocab_size,
        "; give --vocab-size ", tokenizer.vocab_size());
  return tokenizer;
}

}  // namespace

Tokenizer prepare(const AtomicSave& save, const Source& source, const Say& say) {
  const Texts texts = texts_of(save, source, say);
  const ForEachDocument train = [&](const VisitDocument& visit) { texts.for_each_train(visit); };
  const ForEachDocument heldout = [&](const VisitDocument& visit) {
    texts.for_each_heldout(visit);
  };
  const Tokenizer tokenizer = tokenizer_of(source, train, say);

  const fs::path folder = save.file("tokens");
  fs::create_directory(folder);
  Index malformed = write_tokens(folder / "train.bin", tokenizer, train);
  if (texts.holds_out()) malformed += write_tokens(folder / "heldout.bin", tokenizer, heldout);
  else say("note: the text is too small to hold any of it out; no held-out loss is given");
  if (!source.data.empty()) say_what_is_odd(texts.corpus(), malformed, say);

  const Index found = TokenFile(folder / "train.bin").size();
  check(found > source.seq_len, "--data: the text to learn from makes ", found,
        " tokens, which do not fill one sequence of --seq-len ", source.seq_len,
        " and its next token; give more text or --seq-len ", found - 1, " or less");
  return tokenizer;
}

}  // namespace seekling
