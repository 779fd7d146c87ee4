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

void check_vocabulary(const Tokenizer& tokenizer, const std::string& from, const Source& source) {
  check(tokenizer.vocab_size() <= source.vocab_size, from, ": it has ", tokenizer.vocab_size(),
        " tokens, but the model's vocab_size is ", source.vocab_size, "; give --vocab-size ",
        tokenizer.vocab_size());
}

Tokenizer tokenizer_of(const Source& source, const ForEachDocument& documents, const Say& say) {
  if (source.tokenizer.empty()) {
    say(text("learning a vocabulary of ", source.vocab_size, " tokens"));
    BpeTraining training;
    training.vocab_size = source.vocab_size;
    return learn_tokenizer(documents, training).tokenizer;
  }
  const Tokenizer tokenizer = read_tokenizer(source.tokenizer);
  check_vocabulary(tokenizer, "--tokenizer " + source.tokenizer, source);
  return tokenizer;
}

bool is_packed(const Source& source) {  // the output of `data pack`
  return source.data.size() == 1 && fs::exists(source.data[0] / "train.bin");
}

// The token files are shared with the folder that `data pack` wrote where the disk allows it.
void take_over(const fs::path& file, const fs::path& to) {
  std::error_code no_link;
  fs::create_hard_link(file, to, no_link);
  if (no_link) fs::copy_file(file, to);
}

Tokenizer take_over_packed(const fs::path& tokens, const Source& source, const Say& say) {
  const fs::path& packed = source.data[0];
  const Tokenizer tokenizer = read_tokenizer(packed.string());
  check_vocabulary(tokenizer, packed.string(), source);
  check(source.tokenizer.empty() ||
            fingerprint(read_tokenizer(source.tokenizer)) == fingerprint(tokenizer),
        "--tokenizer ", source.tokenizer, ": ", packed.string(),
        " was packed with another tokenizer; remove the flag, or pack the text again");
  for (const char* name : {"train.bin", "heldout.bin"}) {
    const TokenFile file(packed / name);
    check(file.fingerprint() == fingerprint(tokenizer), (packed / name).string(),
          ": was made with a different tokenizer than the one in its folder; pack the text again");
    if (file.size() > 0) take_over(packed / name, tokens / name);
    else say("note: " + (packed / name).string() + " is empty, so no held-out loss is computed");
  }
  return tokenizer;
}

Tokenizer prepare_texts(const AtomicSave& save, const fs::path& tokens, const Source& source,
                        const Say& say) {
  const Texts texts = texts_of(save, source, say);
  const ForEachDocument train = [&](const VisitDocument& visit) { texts.for_each_train(visit); };
  const ForEachDocument heldout = [&](const VisitDocument& visit) {
    texts.for_each_heldout(visit);
  };
  const Tokenizer tokenizer = tokenizer_of(source, train, say);

  Index malformed = write_tokens(tokens / "train.bin", tokenizer, train);
  if (texts.holds_out()) malformed += write_tokens(tokens / "heldout.bin", tokenizer, heldout);
  else say("note: the text is too small to hold any of it out, so no held-out loss is computed");
  if (!source.data.empty()) say_what_is_odd(texts.corpus(), malformed, say);
  return tokenizer;
}

}  // namespace

Tokenizer prepare(const AtomicSave& save, const Source& source, const Say& say) {
  const fs::path tokens = save.file("tokens");
  fs::create_directory(tokens);
  const Tokenizer tokenizer = is_packed(source) ? take_over_packed(tokens, source, say)
                                                : prepare_texts(save, tokens, source, say);
  const Index found = TokenFile(tokens / "train.bin").size();
  check(found > source.seq_len, "--data: the training text has ", found,
        " tokens, too few for one sequence of --seq-len ", source.seq_len,
        " and its next token; give more text or --seq-len ", found - 1, " or less");
  return tokenizer;
}

}  // namespace seekling
