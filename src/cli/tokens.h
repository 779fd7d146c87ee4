// From documents to what training reads: a tokenizer learned from them, and a file of ids.
#pragma once

#include <filesystem>
#include <functional>

#include "data/bpe_train.h"
#include "data/corpus.h"
#include "data/token_file.h"

namespace seekling {

// On stderr: the files of --data that were passed over, and how much of the text is not UTF-8. Nothing, mostly.
void say_what_is_odd(const Corpus& corpus, Index malformed);

using ForEachDocument = std::function<void(const VisitDocument&)>;

struct Learned {
  Tokenizer tokenizer;
  Index malformed = 0;  // sequences of the text that are not UTF-8
};
Learned learn_tokenizer(const ForEachDocument& documents, const BpeTraining& training);

std::uint64_t fingerprint(const Tokenizer& tokenizer);

// Each document as bos + ids + eos; encoded by threads, some megabytes at a time. How many sequences of the text are not
// UTF-8: they are kept, as bytes.
Index write_tokens(const std::filesystem::path& path, const Tokenizer& tokenizer, const ForEachDocument& documents);

}  // namespace seekling
