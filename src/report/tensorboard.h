// A run's curves for TensorBoard (tensorboard --logdir runs): a file of events in the run's folder.
//
//   file      record record ...
//   record    length, uint64 | its masked CRC-32C | data | their masked CRC-32C          (TFRecord)
//   data      an Event, as Protocol Buffers write it                                  (event.proto)
//
// A protobuf message is its fields one after the other, each a key and a value.
// The key is field number · 8 + kind, and kinds are 0: a varint (seven bits a byte, the low
// ones first, the top bit set on all but the last byte); 1: 8 bytes; 5: 4 bytes; 2: a length,
// then so many bytes, which hold a string or another message.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/metrics.h"
#include "system/file.h"

namespace seekling {

class TensorBoard {
 public:
  // Starts a new file in `folder`. For a run resumed after step `last_step`, it makes TensorBoard
  // drop the later points of older files.
  TensorBoard(const std::filesystem::path& folder, Index last_step);
  void append(const StepMetrics& metrics);

 private:
  void write(const std::string& event);

  AppendFile file;
};

using Scalars = std::vector<std::pair<std::string, float>>;  // tag, value

std::string version_event(double wall_time);            // the first of each file
std::string start_event(double wall_time, Index step);  // voids other files' events from `step` on
std::string scalar_event(double wall_time, Index step, const Scalars& scalars);

std::string tfrecord(std::string_view data);
std::uint32_t masked(std::uint32_t crc);

}  // namespace seekling
