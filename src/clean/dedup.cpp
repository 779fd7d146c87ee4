#include "clean/dedup.h"

#include "core/parallel.h"

namespace seekling {

using Json = nlohmann::ordered_json;

Dedup::Dedup(const DedupOptions& o, CleanOutput& output)
    : options(o), out(output), store(out.scratch() / "documents"),
      finder({.target = o.target, .memory = o.memory, .scratch = out.scratch()}) {}

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
             store.text(d.document), why);
  });
}

void Dedup::for_each_kept(const std::function<void(const StoredDocument&)>& visit) const {
  store.for_each([&](Index i, const StoredDocument& document) {
    if (!finder.dropped(i)) visit(document);
  });
}

void Dedup::write_kept() {
  for_each_kept([&](const StoredDocument& d) { out.keep(d.line, d.text_bytes); });
}

Index Dedup::write_kept_without_repeated_lines() {
  RepeatedLines lines(options.line_length, options.memory, out.scratch());
  for_each_kept([&](const StoredDocument& d) { lines.add(text_of_line(d.line)); });
  lines.sort();
  Index all = 0;
  for_each_kept([&](const StoredDocument& document) {
    Index removed = 0;
    const std::string before = text_of_line(document.line), rest = lines.without(before, removed);
    all += removed;
    if (rest.find_first_not_of(" \t\r\n") == rest.npos)
      out.drop("every line repeated", document.place, before, Json::object());
    else if (removed > 0) out.keep(with_text(document.line, rest), Index(rest.size()));
    else out.keep(document.line, Index(before.size()));
  });
  return all;
}

Json Dedup::finish() {
  store.flush();
  drop_duplicates();
  Json details{{"target_jaccard", options.target},
               {"bands", finder.bands.bands},
               {"rows", finder.bands.rows}};
  if (options.line_length > 0) details["repeated_lines"] = write_kept_without_repeated_lines();
  else write_kept();
  return {{"dedup", details}};
}

}  // namespace seekling
