// The stage that drops duplicates: first whole documents (duplicates.h), then passages
// (repeated_passages.h) and lines (repeated_lines.h) of the remaining documents. The output is the
// same for any number of threads.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "clean/clean_output.h"
#include "repeats/duplicates.h"
#include "repeats/repeated_lines.h"
#include "repeats/repeated_passages.h"
#include "stream/document_store.h"

namespace seekling {

struct DedupOptions {
  double target = 0.8;      // Jaccard of near duplicates; 0: only exact ones
  Index passage_words = 0;  // of the shortest passages that are compared; 0: none are
  Index line_length = 0;    // characters of the shortest lines that are compared; 0: none are
  std::size_t memory = std::size_t(32) << 20;  // bytes for sorting
};

class Dedup {
 public:
  Dedup(const DedupOptions& options, CleanOutput& out);  // goes on where `out` does

  void add(std::span<const InputDocument> documents);
  nlohmann::ordered_json save();    // what was added so far, for CleanOutput::save()
  nlohmann::ordered_json finish();  // writes what is kept and what is not; for the report

 private:
  void drop_duplicates();
  RemovedPassages remove_passages();
  void write_kept();
  Index write_kept_without_repeated_lines();  // how many lines were removed
  void for_each_kept(const std::function<void(Index, const StoredDocument&)>& visit) const;

  const DedupOptions options;
  CleanOutput& out;
  DocumentStore store;
  DuplicateFinder finder;
  std::unique_ptr<DocumentStore> shortened;  // what is kept, without its repeated passages
};

}  // namespace seekling
