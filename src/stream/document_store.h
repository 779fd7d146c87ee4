// Documents put aside on the disk, numbered in the order in which they came. They are read again by
// number, from any thread, or all in order.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/disk_file.h"
#include "stream/document_reader.h"

namespace seekling {

struct StoredDocument {
  std::string_view place, line;  // as in InputDocument
  Index text_bytes;
};

std::string text_of_line(std::string_view line);  // of an InputDocument's line
std::string with_text(std::string_view line, const std::string& text);  // its other keys stay

class DocumentStore {
 public:
  // And scratch_file.ends. stays: as in disk_file.h.
  explicit DocumentStore(const std::filesystem::path& scratch_file, bool stays = false);

  void resume(Index documents);  // with the first ones of another process, which had saved them

  void add(const InputDocument& document);
  void flush();  // after the last add(), before the first document is read
  void save();   // and through to the disk, for resume()
  Index size() const { return count; }

  Index bytes(Index i) const { return Index(end_of(i) - end_of(i - 1)); }
  std::string text(Index i) const;
  std::string place(Index i) const;
  void for_each(const std::function<void(Index i, const StoredDocument&)>& visit) const;

 private:
  std::uint64_t end_of(Index i) const;
  std::string bytes_of(Index i) const;

  DiskFile records, ends;
  Index count = 0;
  std::uint64_t end = 0, flushed = 0;
  std::string held;                      // records that are not written yet,
  std::vector<std::uint64_t> held_ends;  // and where they end in the file
};

}  // namespace seekling
