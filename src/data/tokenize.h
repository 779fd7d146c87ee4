// A tokenizer learned from documents, and the documents written as a file of token ids.
#pragma once

#include <filesystem>
#include <functional>

#include "core/say.h"
#include "data/corpus.h"
#include "data/token_file.h"
#include "text/bpe_train.h"

namespace seekling {

// Says which files of a corpus were passed over, and how much of the text is not UTF-8. Says
// nothing if all is well.
void say_what_is_odd(const Corpus& corpus, Index malformed, const Say& say);

using ForEachDocument = std::function<void(const VisitDocument&)>;

struct Learned {
  Tokenizer tokenizer;
  Index malformed = 0;  // sequences of the text that are not UTF-8
};
Learned learn_tokenizer(const ForEachDocument& documents, const BpeTraining& training);

std::uint64_t fingerprint(const Tokenizer& tokenizer);

// Writes each document as bos + ids + eos; threads encode some megabytes at a time. Returns the
// number of sequences of the text that are not UTF-8: they are kept, as bytes.
Index write_tokens(const std::filesystem::path& path, const Tokenizer& tokenizer,
                   const ForEachDocument& documents);

}  // namespace seekling
