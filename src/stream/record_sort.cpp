#include "stream/record_sort.h"

#include <algorithm>

#include "core/parallel.h"

namespace seekling {

namespace {

constexpr std::size_t kLeastMemory = std::size_t(1) << 20;
constexpr Index kParts = 8;  // of what is in memory, sorted at once by threads: each becomes a run

}  // namespace

struct RecordSort::Run {  // a run being read
  const DiskFile* file = nullptr;
  std::size_t begin = 0, end = 0;  // records of the file that are not read yet
  std::vector<Record> buffer = {};
  std::size_t next = 0;

  const Record& front() const { return buffer[next]; }
  bool advance() {  // false at the end
    if (++next < buffer.size()) return true;
    return refill();
  }
  bool refill() {
    const std::size_t n = std::min(buffer.capacity(), end - begin);
    buffer.resize(n);
    file->read_all(buffer.data(), n * sizeof(Record), begin * sizeof(Record));
    begin += n;
    next = 0;
    return n > 0;
  }
};

RecordSort::RecordSort(const std::filesystem::path& scratch_file, std::size_t memory, bool stays)
    : file(scratch_file, stays), most(std::max(memory, kLeastMemory) / sizeof(Record)) {}

RecordSort::~RecordSort() = default;

void RecordSort::add(std::span<const Record> records) {
  while (!records.empty()) {
    if (held.empty()) held.reserve(most);
    const auto some = records.first(std::min(records.size(), most - held.size()));
    held.insert(held.end(), some.begin(), some.end());
    records = records.subspan(some.size());
    if (held.size() == most) write_runs();
  }
}

void RecordSort::write_runs() {
  const Index n = Index(held.size()), length = (n + kParts - 1) / kParts;
  parallel_stripes(n, std::max<Index>(length, 1), [&](Index begin, Index size) {
    std::sort(held.begin() + begin, held.begin() + begin + size);
  });
  file.write(held.data(), held.size() * sizeof(Record), written * sizeof(Record));
  written += held.size();
  for (Index begin = 0; begin < n; begin += length)
    runs.push_back(std::size_t(std::min(length, n - begin)));
  held.clear();
}

std::vector<std::size_t> RecordSort::save() {
  write_runs();
  file.flush();
  return runs;
}

void RecordSort::resume(const std::vector<std::size_t>& saved) {
  runs = saved;
  for (const std::size_t length : runs) written += length;
  Record last{};  // what is added would leave a hole after a file that was cut off
  if (written > 0) file.read_all(&last, sizeof last, (written - 1) * sizeof last);
}

bool RecordSort::later(const Run* a, const Run* b) { return b->front() < a->front(); }

void RecordSort::sort() {
  write_runs();
  held.shrink_to_fit();
  reading.resize(runs.size());  // they share the memory
  std::size_t begin = 0;
  for (std::size_t i = 0; i < runs.size(); begin += runs[i++]) {
    Run& run = reading[i];
    run.file = &file;
    run.begin = begin;
    run.end = begin + runs[i];
    run.buffer.reserve(std::max<std::size_t>(most / runs.size(), 64));
    run.refill();
    fronts.push_back(&run);
  }
  std::ranges::make_heap(fronts, later);
}

bool RecordSort::next(Record& record) {
  if (fronts.empty()) return false;
  std::ranges::pop_heap(fronts, later);
  Run* const run = fronts.back();
  record = run->front();
  if (run->advance()) std::ranges::push_heap(fronts, later);
  else fronts.pop_back();
  return true;
}

}  // namespace seekling
