// Pairs of numbers in order, however many there are: external merge sort (Knuth, "The Art of
// Computer Programming", vol. 3, §5.4). What fits in memory is sorted and written as runs; all runs
// are then read side by side, always the smallest record next.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "stream/disk_file.h"

namespace seekling {

struct Record {
  std::uint64_t key, value;
  auto operator<=>(const Record&) const = default;
};

class RecordSort {
 public:
  // memory: bytes; stays: as in disk_file.h
  RecordSort(const std::filesystem::path& scratch_file, std::size_t memory, bool stays = false);
  ~RecordSort();

  void add(std::span<const Record> records);
  // Writes what was added so far, through to the disk, and says what resume() needs to go on in
  // another process.
  std::vector<std::size_t> save();
  void resume(const std::vector<std::size_t>& saved);  // before the first add()
  void sort();                                         // once, after the last add()
  // The next record by key, those of one key by value, equal ones as often as they were added.
  bool next(Record& record);  // false after the last

 private:
  struct Run;
  static bool later(const Run* a, const Run* b);
  void write_runs();

  DiskFile file;
  const std::size_t most;  // records in memory
  std::vector<Record> held;
  std::vector<std::size_t> runs;  // their lengths; they follow each other in the file
  std::size_t written = 0;
  std::vector<Run> reading;
  std::vector<Run*> fronts;  // a heap: the run with the smallest front is the first
};

}  // namespace seekling
