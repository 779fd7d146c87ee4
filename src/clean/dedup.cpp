#include "clean/dedup.h"

#include "core/parallel.h"

namespace seekling {

using Json = nlohmann::ordered_json;

Dedup::Dedup(const DedupOptions& o, CleanOutput& output)
    : options(o), out(output), store(out.scratch() / "documents", /*stays=*/true),
      finder({.target = o.target, .memory = o.memory, .scratch = out.scratch(), .stays = true}) {
  if (out.resumed() == nullptr) return;
  const Json& saved = out.resumed()->at("dedup");
  store.resume(saved.at("documents"));
  finder.resume(saved.at("keys").get<std::vector<std::size_t>>());
}

Json Dedup::save() {
  store.save();
  return {{"documents", store.size()}, {"keys", finder.save()}};
}

void Dedup::add(std::span<const InputDocument> documents) {
  std::vector<std::vector<std::uint64_t>> keys(documents.size());
  parallel_for(Index(documents.size()), 16, [&](Index i) {
    keys[std::size_t(i)] = finder.keys_of(documents[std::size_t(i)].text);
  });
  for (std::size_t i = 0; i < documents.size(); ++i) {
    finder.add(store.size(), keys[i]);
    store.add(documents[i]);
  }
}

void Dedup::drop_duplicates() {
  finder.for_each(store, [&](const Duplicate& d) {
    Json why{{"kept", store.place(d.kept)}};
    if (!d.exact) why["jaccard"] = d.jaccard;
    out.drop(d.exact ? "exact duplicate" : "near duplicate", store.place(d.document),
             store.text(d.document), why, [&] { return store.text(d.kept); });
  });
}

void Dedup::for_each_kept(const std::function<void(Index, const StoredDocument&)>& visit) const {
  if (shortened) return shortened->for_each(visit);
  store.for_each([&](Index i, const StoredDocument& document) {
    if (!finder.dropped(i)) visit(i, document);
  });
}

RemovedPassages Dedup::remove_passages() {
  constexpr std::size_t kBatch = std::size_t(8) << 20;  // bytes of text

  // Give all kept documents to the search, in batches of text.
  RepeatedPassages passages(
      {.least = options.passage_words, .memory = options.memory, .scratch = out.scratch()});
  std::vector<Index> numbers;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  const auto add = [&] {
    passages.add(numbers, texts);
    numbers.clear(), texts.clear(), bytes = 0;
  };
  for_each_kept([&](Index i, const StoredDocument& document) {
    numbers.push_back(i);
    texts.push_back(text_of_line(document.line));
    bytes += texts.back().size();
    if (bytes >= kBatch) add();
  });
  add();

  // Find the passages, then write each document without them.
  passages.find(store);
  RemovedPassages removed;
  auto shorter = std::make_unique<DocumentStore>(out.scratch() / "rest");
  for_each_kept([&](Index i, const StoredDocument& document) {
    const Index before = removed.words;
    const std::string whole = text_of_line(document.line),
                      text = passages.without(i, whole, removed);
    if (text.find_first_not_of(" \t\r\n") == text.npos)
      out.drop("every passage repeated", document.place, whole, Json::object());
    else
      shorter->add(
          {text, std::string(document.place),
           removed.words > before ? with_text(document.line, text) : std::string(document.line)});
  });
  shorter->flush();
  shortened = std::move(shorter);
  return removed;
}

void Dedup::write_kept() {
  for_each_kept([&](Index, const StoredDocument& d) { out.keep(d.line, d.place, d.text_bytes); });
}

Index Dedup::write_kept_without_repeated_lines() {
  RepeatedLines lines(options.line_length, options.memory, out.scratch());
  for_each_kept([&](Index, const StoredDocument& d) { lines.add(text_of_line(d.line)); });
  lines.sort();
  Index all = 0;
  for_each_kept([&](Index, const StoredDocument& document) {
    Index removed = 0;
    const std::string before = text_of_line(document.line), rest = lines.without(before, removed);
    all += removed;
    if (rest.find_first_not_of(" \t\r\n") == rest.npos)
      out.drop("every line repeated", document.place, before, Json::object());
    else if (removed > 0)
      out.keep(with_text(document.line, rest), document.place, Index(rest.size()));
    else out.keep(document.line, document.place, Index(before.size()));
  });
  return all;
}

Json Dedup::finish() {
  store.flush();
  drop_duplicates();
  Json details{{"target_jaccard", options.target},
               {"bands", finder.bands.bands},
               {"rows", finder.bands.rows}};
  if (options.passage_words > 0) {
    const RemovedPassages removed = remove_passages();
    details["repeated_passages"] = removed.passages;
    details["words_in_repeated_passages"] = removed.words;
  }
  if (options.line_length > 0) details["repeated_lines"] = write_kept_without_repeated_lines();
  else write_kept();
  return {{"dedup", details}};
}

}  // namespace seekling
