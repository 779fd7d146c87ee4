#include "stream/record_sort.h"

#include <algorithm>

#include "core/check.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "scratch_test.h"

namespace seekling {

using RecordSortTest = ScratchTest;

namespace {

std::vector<Record> sorted(const std::filesystem::path& path, const std::vector<Record>& records) {
  RecordSort sort(path, /*memory=*/1);  // the least that there is: 65,536 records
  sort.add(std::span(records).first(records.size() / 3));
  sort.add(std::span(records).subspan(records.size() / 3));
  sort.sort();
  std::vector<Record> all;
  for (Record r; sort.next(r);) all.push_back(r);
  return all;
}

}  // namespace

TEST_F(RecordSortTest, MoreRecordsThanMemoryHoldsComeInOrder) {
  Rng rng(1);
  std::vector<Record> records(300'000);
  for (Record& r : records) r = {std::uint64_t(rng.below(5000)), std::uint64_t(rng.below(50))};
  std::vector<Record> expected = records;
  std::ranges::sort(expected);
  const int before = threads();
  for (const int n : {1, 2}) {
    set_threads(n);
    EXPECT_TRUE(sorted(dir / "records", records) == expected);
  }
  set_threads(before);
}

TEST_F(RecordSortTest, FewRecordsAndNoneAreSorted) {
  EXPECT_TRUE(sorted(dir / "records", {}).empty());
  const std::vector<Record> expected{{1, 2}, {1, 2}, {3, 0}};
  EXPECT_TRUE(sorted(dir / "records", {{3, 0}, {1, 2}, {1, 2}}) == expected);
}

TEST_F(RecordSortTest, ASavedFileThatWasCutOffIsAnError) {
  std::vector<std::size_t> saved;
  {
    RecordSort sort(dir / "records", 1, /*stays=*/true);
    const std::vector<Record> records{{3, 0}, {1, 2}, {2, 2}};
    sort.add(records);
    saved = sort.save();
  }
  const auto ordered = [&] {
    RecordSort sort(dir / "records", 1, /*stays=*/true);
    sort.resume(saved);
    sort.sort();
    std::vector<std::uint64_t> keys;
    for (Record r; sort.next(r);) keys.push_back(r.key);
    return keys;
  };
  EXPECT_EQ(ordered(), (std::vector<std::uint64_t>{1, 2, 3}));
  std::filesystem::resize_file(dir / "records", 2 * sizeof(Record));
  EXPECT_THROW(ordered(), Error);
}

TEST_F(RecordSortTest, TheScratchFileIsGoneWithIt) {
  { RecordSort sort(dir / "records", 1); }
  EXPECT_TRUE(std::filesystem::is_empty(dir));
}

}  // namespace seekling
