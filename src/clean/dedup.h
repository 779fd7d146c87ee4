// The stage that drops duplicates: whole documents (duplicates.h), and lines of the documents that
// are left (repeated_lines.h). The same bytes for any number of threads.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "clean/clean_output.h"
#include "clean/duplicates.h"
#include "clean/repeated_lines.h"
#include "stream/document_store.h"

namespace seekling {

struct DedupOptions {
  double target = 0.8;    // Jaccard of near duplicates; 0: only exact ones
  Index line_length = 0;  // characters of the shortest lines that are compared; 0: none are
  std::size_t memory = std::size_t(32) << 20;  // bytes for sorting
};

class Dedup {
 public:
  Dedup(const DedupOptions& options, CleanOutput& out);

  void add(std::span<const InputDocument> documents);
  nlohmann::ordered_json finish();  // writes what is kept and what is not; for the report

 private:
  void drop_duplicates();
  void write_kept();
  Index write_kept_without_repeated_lines();  // how many lines were removed
  void for_each_kept(const std::function<void(const StoredDocument&)>& visit) const;

  const DedupOptions options;
  CleanOutput& out;
  DocumentStore store;
  DuplicateFinder finder;
};

}  // namespace seekling
