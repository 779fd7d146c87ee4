// From documents to what training reads: a tokenizer learned from them, and a file of ids.
#pragma once

#include <filesystem>
#include <functional>

#include "data/bpe_train.h"
#include "data/corpus.h"
#include "data/token_file.h"

namespace seekling {

using ForEachDocument = std::function<void(const VisitDocument&)>;

// Reports on stderr how many sequences of the text were not UTF-8, if any.
Tokenizer learn_tokenizer(const ForEachDocument& documents, const BpeTraining& training);

std::uint64_t fingerprint(const Tokenizer& tokenizer);

// Each document as bos + ids + eos; encoded by threads, some megabytes at a time.
void write_tokens(const std::filesystem::path& path, const Tokenizer& tokenizer, const ForEachDocument& documents);

}  // namespace seekling
