#include "report/tensorboard.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/check.h"
#include "system/file.h"

namespace seekling {

namespace fs = std::filesystem;

static std::string hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes)
    out += (out.empty() ? "" : " ") + std::string{kDigits[std::uint8_t(c) >> 4], kDigits[c & 15]};
  return out;
}

// A file that TensorFlow writes begins with these bytes: 24 bytes of data follow,
// and the CRC of their length.
TEST(TensorBoard, AFileBeginsAsTensorFlowsDo) {
  const std::string record = tfrecord(version_event(1.5e9));
  EXPECT_EQ(hex(record.substr(0, 12)), "18 00 00 00 00 00 00 00 a3 7f 4b 22");
  EXPECT_EQ(hex(record.substr(12, 11)), "09 00 00 00 c0 0b 5a d6 41 1a 0d");
  EXPECT_EQ(record.substr(23, 13), "brain.Event:2");
  EXPECT_EQ(record.size(), 8u + 4 + 24 + 4);
}

TEST(TensorBoard, AScalarIsAnEventWithASummaryWithAValue) {
  EXPECT_EQ(hex(scalar_event(0, 300, {{"loss", 2.5f}})),
            "09 00 00 00 00 00 00 00 00 "  // 1: wall_time 0
            "10 ac 02 "                    // 2: step 300 = 2 · 128 + 44
            "2a 0d "                       // 5: summary of 13 bytes
            "0a 0b "                       //   1: value of 11 bytes
            "0a 04 6c 6f 73 73 "           //     1: tag "loss"
            "15 00 00 20 40");             //     2: simple_value 2.5
  EXPECT_EQ(hex(start_event(0, 1)), "09 00 00 00 00 00 00 00 00 10 01 3a 02 08 01");
}

TEST(TensorBoard, EveryRecordOfAFileIsWholeAfterEachStep) {
  const fs::path folder = fs::temp_directory_path() / text("seekling_tensorboard_", ::getpid());
  fs::create_directories(folder);
  StepMetrics metrics;
  metrics.step = 8, metrics.loss = 2;
  TensorBoard board(folder, /*last_step=*/7);
  board.append(metrics);
  const std::string all = read_file(fs::directory_iterator(folder)->path());
  fs::remove_all(folder);
  Index records = 0;
  for (std::size_t at = 0; at < all.size(); ++records) {
    const std::size_t length = std::uint8_t(all[at]);  // all of them short
    ASSERT_EQ(all.substr(at, 12 + length + 4), tfrecord(all.substr(at + 12, length)));
    at += 12 + length + 4;
  }
  EXPECT_EQ(records, 3);  // version, start, step 8
}

}  // namespace seekling
