// The folder that a stage writes: all of its files at once, or none (system/atomic_save.h).
//
//   text.jsonl      what is kept, an object a line with the text under "text": `train --data` reads
//                   it
//   dropped.ndjson  an object for each dropped document: where it stood, the rule, and why. Another
//                   ending than .jsonl, so that a folder given to `train --data` has only the texts
//   report.json     what came in, and what left at which rule
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "stream/document_reader.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"

namespace seekling {

class CleanOutput {
 public:
  explicit CleanOutput(const std::filesystem::path& folder);

  const std::filesystem::path& scratch() const { return scratch_; }  // a folder, until finish()

  void keep(std::string_view line, Index text_bytes);
  // `why` has more keys for dropped.ndjson, such as the kept document.
  void drop(const std::string& rule, std::string_view place, std::string_view text,
            const nlohmann::ordered_json& why);

  Index kept_documents() const { return kept.documents; }

  // Writes the report with more keys from `details`, and gives everything its name.
  void finish(const DocumentReader& reader, const nlohmann::ordered_json& details);

  // The report as finish() wrote it, as lines for a person.
  std::string summary() const;

 private:
  struct Count {
    Index documents = 0, bytes = 0;  // bytes of text
  };
  nlohmann::ordered_json report_of(const DocumentReader& reader) const;

  AtomicSave save;
  const FolderLock lock;
  const std::filesystem::path scratch_;
  FileWriter texts, dropped;
  Count kept;
  std::vector<std::pair<std::string, Count>> by_rule;  // in the order of their first document
  nlohmann::ordered_json report;
};

}  // namespace seekling
