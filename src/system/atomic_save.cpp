// One rename is atomic, several are not. So the new files are written to folder/.next and flushed;
// renaming that to folder/.commit is the commit point; then each file moves to its final name. A
// kill before the commit point leaves .next, which the next save discards; a kill after it leaves
// .commit, and recover() moves the remaining files.
#include "system/atomic_save.h"

#include <algorithm>
#include <vector>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

// The folders below it, and then the folder itself. The files in them are flushed by their writers.
static void flush_all(const fs::path& folder) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure))
    if (entry.is_directory(failure)) flush_all(entry.path());
  flush_folder(folder);
}

// A reader may be moving the same files at the same time: what is no longer there has been moved.
static void move_all(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(from, failure)) files.push_back(entry.path());
  for (const fs::path& file : files) {
    fs::rename(file, to / file.filename(), failure);
    check(!failure || failure == std::errc::no_such_file_or_directory,
          (to / file.filename()).string(), ": a saved file cannot be moved here from .commit (",
          failure.message(), "); once it can, open the folder again");
  }
  fs::remove(from, failure);
  flush_folder(to);
}

void recover(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / ".commit", ignored)) move_all(folder / ".commit", folder);
}

bool free_for_a_save(const fs::path& folder) {
  if (!fs::is_directory(folder)) return !fs::exists(folder);
  recover(folder);
  return std::all_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const auto& entry) { return entry.path().filename() == ".next"; });
}

AtomicSave::AtomicSave(fs::path folder) : folder_(std::move(folder)) {
  std::error_code failure = make_folders(folder_);
  check(!failure, folder_.string(), ": the folder cannot be created (", failure.message(), ")");
  recover(folder_);
  fs::remove_all(folder_ / ".next", failure);
  fs::create_directory(folder_ / ".next", failure);
  check(!failure, folder_.string(), ": cannot be written to (", failure.message(), ")");
}

AtomicSave::~AtomicSave() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(folder_ / ".next", ignored);
}

fs::path AtomicSave::file(const std::string& name) const { return folder_ / ".next" / name; }

void AtomicSave::commit() {
  flush_all(folder_ / ".next");
  std::error_code failure;
  fs::rename(folder_ / ".next", folder_ / ".commit", failure);
  check(!failure, folder_.string(), ": cannot be written to (", failure.message(),
        "); nothing was replaced");
  committed_ = true;
  flush_folder(folder_);
  move_all(folder_ / ".commit", folder_);
}

}  // namespace seekling
