#include "clean/pack.h"

#include "clean/best_fit.h"
#include "core/check.h"
#include "data/batches.h"
#include "data/corpus.h"
#include "data/tokenize.h"
#include "repeats/words.h"

namespace seekling {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// The generator of a document's draws depends on its text, not on its place in the corpus.
static Rng rng_of(std::uint64_t seed, const std::string& text) {
  return Rng(seed, text_hash(text));
}

Pack::Pack(const PackOptions& o, const Tokenizer& t, const fs::path& train_file,
           const fs::path& heldout_file)
    : options(o), tokenizer(t), train_path(train_file),
      train(train_file, t.vocab_size(), fingerprint(t)),
      heldout(heldout_file, t.vocab_size(), fingerprint(t)) {
  if (options.fim_rate > 0) fim.emplace(tokenizer);
}

bool Pack::becomes_fim(const std::string& text) const {
  return fim && !is_heldout(text) && rng_of(options.seed, text).uniform() < options.fim_rate;
}

// Each document as bos, its ids and eos.
std::vector<std::vector<TokenId>> Pack::encode(std::span<const InputDocument> documents) {
  std::vector<std::string> parts;  // prefix, suffix, middle of a document, or the whole of it
  for (const InputDocument& d : documents) {
    if (becomes_fim(d.text)) {
      Rng rng = rng_of(options.seed, d.text);
      rng.next();  // the one that chose the document
      FimParts cut = fim_parts(d.text, rng);
      for (std::string* part : {&cut.prefix, &cut.suffix, &cut.middle})
        parts.push_back(std::move(*part));
    } else {
      parts.push_back(d.text);
    }
  }
  const auto encoded = tokenizer.encode_batch(parts);
  std::vector<std::vector<TokenId>> all;
  auto part = encoded.begin();
  for (const InputDocument& d : documents) {
    std::vector<TokenId> ids{tokenizer.bos()};
    const auto append = [&] { ids.insert(ids.end(), part->begin(), part->end()), ++part; };
    if (becomes_fim(d.text)) {
      for (const TokenId token : {fim->begin, fim->hole, fim->end}) ids.push_back(token), append();
      ++fim_documents;
    } else {
      append();
    }
    ids.push_back(tokenizer.eos());
    all.push_back(std::move(ids));
  }
  return all;
}

void Pack::write(TokenWriter& to, Counts& counts, const std::vector<TokenId>& ids, Index bytes) {
  to.append(ids, bytes);
  ++counts.documents;
  counts.tokens += Index(ids.size());
  counts.bytes += bytes;
}

void Pack::write_window() {
  std::vector<Index> lengths;
  for (const auto& ids : window) lengths.push_back(Index(ids.size()));
  for (const Index i : best_fit_order(lengths, options.seq_len + 1))
    write(train, to_train, window[std::size_t(i)], window_bytes[std::size_t(i)]);
  window.clear();
  window_bytes.clear();
  in_window = 0;
}

void Pack::add(std::span<const InputDocument> documents) {
  std::vector<std::vector<TokenId>> encoded = encode(documents);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const Index bytes = Index(documents[i].text.size()), length = Index(encoded[i].size());
    if (is_heldout(documents[i].text)) {
      write(heldout, to_heldout, encoded[i], bytes);
      continue;
    }
    longer_than_a_row += length > options.seq_len + 1;
    in_window += length;
    window.push_back(std::move(encoded[i]));
    window_bytes.push_back(bytes);
    if (in_window >= options.window) write_window();
  }
}

Json Pack::finish() {
  write_window();
  check(to_train.tokens > options.seq_len, "found ", to_train.tokens,
        " training tokens, fewer than one row of --seq-len ", options.seq_len,
        "; give more text or a smaller --seq-len");
  train.finish();
  heldout.finish();
  const TokenFile file(train_path);
  const Index rows = Index(row_starts(file, options.seq_len, tokenizer.bos()).size());
  const double ids_read = double(rows * (options.seq_len + 1));
  const auto to_json = [](const Counts& c) {
    return Json{{"documents", c.documents},
                {"tokens", c.tokens},
                {"bytes", c.bytes},
                {"bytes_per_token", double(c.bytes) / double(std::max<Index>(c.tokens, 1))}};
  };
  return {{"train", to_json(to_train)},
          {"heldout", to_json(to_heldout)},
          {"fim_documents", fim_documents},
          {"documents_longer_than_a_row", longer_than_a_row},
          {"rows", rows},
          {"tokens_read_twice", 1 - double(file.size()) / ids_read}};
}

}  // namespace seekling
