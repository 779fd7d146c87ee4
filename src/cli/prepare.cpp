#include "cli/prepare.h"

#include <iostream>
#include <optional>

#include "core/check.h"
#include "interop/tokenizer_json.h"

namespace seekling {

namespace {

namespace fs = std::filesystem;

// The documents to learn from, and those kept apart: by the toy world's own files, else by the rule of Split.
class Texts {
 public:
  Texts(const std::vector<fs::path>& train, const std::vector<fs::path>& heldout) : train_(train) {
    if (heldout.empty()) split_.emplace(train_);
    else heldout_.emplace(heldout);
  }
  Texts(const Texts&) = delete;  // the split looks at the corpus beside it
  Texts& operator=(const Texts&) = delete;

  void for_each_train(const VisitDocument& visit) const {
    split_ ? split_->for_each_train(visit) : train_.for_each(visit);
  }
  void for_each_heldout(const VisitDocument& visit) const {
    split_ ? split_->for_each_heldout(visit) : heldout_->for_each(visit);
  }
  bool holds_out() const { return !split_ || split_->heldout_bytes > 0; }
  const Corpus& corpus() const { return train_; }

 private:
  const Corpus train_;
  std::optional<Corpus> heldout_;
  std::optional<Split> split_;
};

Texts texts_of(const AtomicSave& save, const Source& source) {
  if (!source.data.empty()) return Texts(source.data, {});
  std::cerr << "making the toy world\n";
  const fs::path folder = save.file("data");
  write_toy_world(folder, make_toy_world(source.toy_world));
  return Texts({folder / "train.jsonl"}, {folder / "heldout.jsonl"});
}

Tokenizer tokenizer_of(const Source& source, const ForEachDocument& documents) {
  if (source.tokenizer.empty()) {
    std::cerr << "learning a vocabulary of " << source.vocab_size << " tokens\n";
    BpeTraining training;
    training.vocab_size = source.vocab_size;
    return learn_tokenizer(documents, training).tokenizer;
  }
  const Tokenizer tokenizer = read_tokenizer(source.tokenizer);
  check(tokenizer.vocab_size() <= source.vocab_size, "--tokenizer ", source.tokenizer, ": it has ",
        tokenizer.vocab_size(), " tokens, but the model's vocab_size is ", source.vocab_size, "; give --vocab-size ",
        tokenizer.vocab_size());
  return tokenizer;
}

}  // namespace

Tokenizer prepare(const AtomicSave& save, const Source& source) {
  const Texts texts = texts_of(save, source);
  const ForEachDocument train = [&](const VisitDocument& visit) { texts.for_each_train(visit); };
  const ForEachDocument heldout = [&](const VisitDocument& visit) { texts.for_each_heldout(visit); };
  const Tokenizer tokenizer = tokenizer_of(source, train);

  const fs::path folder = save.file("tokens");
  fs::create_directory(folder);
  Index malformed = write_tokens(folder / "train.bin", tokenizer, train);
  if (texts.holds_out()) malformed += write_tokens(folder / "heldout.bin", tokenizer, heldout);
  else std::cerr << "note: the text is too small to hold any of it out; no held-out loss is given\n";
  if (!source.data.empty()) say_what_is_odd(texts.corpus(), malformed);

  const Index found = TokenFile(folder / "train.bin").size();
  check(found > source.seq_len, "--data: the text to learn from makes ", found,
        " tokens, which do not fill one sequence of --seq-len ", source.seq_len,
        " and its next token; give more text or --seq-len ", found - 1, " or less");
  return tokenizer;
}

}  // namespace seekling
