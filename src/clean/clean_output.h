// The folder that a stage writes: all of its files at once, or none (system/atomic_save.h).
//
//   text.jsonl      what is kept, an object a line with the text under "text": `train --data` reads
//                   it. With several shards text-0-of-4.jsonl and so on: a document's shard depends
//                   on its line alone
//   dropped.ndjson  an object for each dropped document: where it stood, the rule, and why. Another
//                   ending than .jsonl, so that a folder given to `train --data` has only the texts
//   report.json     what came in, and what left at which rule
//   report.html     the same as a page, with samples
//
// Until then everything lies in the folder .work in it. save() notes there how far the work is; a
// run that is killed can go on from there.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clean/tally.h"
#include "stream/document_reader.h"
#include "system/atomic_save.h"
#include "system/file.h"
#include "system/folder_lock.h"
#include "text/tokenizer.h"

namespace seekling {

struct CleanOutputOptions {
  std::filesystem::path folder;
  std::vector<std::filesystem::path> sources = {};  // for the report
  std::optional<Tokenizer> tokenizer = {};          // to count tokens of what is kept
  Index shards = 1;
  // Go on where save() was called last, if it was called by a run with equal `run`; Error for
  // another one.
  bool resume = false;
  nlohmann::ordered_json run = {};
};

class CleanOutput {
 public:
  explicit CleanOutput(CleanOutputOptions options);
  ~CleanOutput();  // without finish() and save() nothing has happened

  const std::filesystem::path& scratch() const { return scratch_; }  // a folder, until finish()

  void come_in(std::span<const InputDocument> documents);  // before any of the others
  void keep(std::string_view line, std::string_view place, Index text_bytes);
  // `why` has more keys for dropped.ndjson, such as the kept document; beside: its text.
  void drop(const std::string& rule, std::string_view place, std::string_view text,
            const nlohmann::ordered_json& why, const Tally::Text& beside = {});

  Index kept_documents() const { return tally.kept_documents(); }

  // Notes how far the work is, before the first keep(); `state` is of those who work, whose own
  // files have reached the disk.
  void save(const nlohmann::ordered_json& state);
  const nlohmann::ordered_json* resumed() const;  // the state, or null for a run from the start

  // Makes the page of the report and of the samples.
  using Page = std::function<std::string(const nlohmann::ordered_json& report,
                                         const nlohmann::ordered_json& samples)>;
  // Writes the report with more keys from `details`, and gives everything its name.
  void finish(const DocumentReader& reader, const nlohmann::ordered_json& details,
              const Page& page = {});

  // The report as finish() wrote it, as lines for a person.
  std::string summary() const;

 private:
  struct Pending {
    std::string line, place;
    Index text_bytes;
  };
  void take_up(const std::filesystem::path& state_file);
  void write_pending();
  void flush_dropped();

  const CleanOutputOptions options;
  const FolderLock lock;
  AtomicSave atomic_save;
  const std::filesystem::path scratch_;
  std::optional<nlohmann::ordered_json> state;
  bool keep_scratch = false;
  std::vector<std::unique_ptr<FileWriter>> shards;
  std::unique_ptr<AppendFile> dropped;
  std::string held;  // of dropped.ndjson, not yet written
  Index dropped_bytes = 0;
  std::vector<Pending> pending;
  std::size_t pending_bytes = 0;
  Tally tally;
  nlohmann::ordered_json report;
};

}  // namespace seekling
