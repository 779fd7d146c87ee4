#include "report/tensorboard.h"

#include <unistd.h>

#include <bit>
#include <chrono>

#include "core/check.h"
#include "system/crc32c.h"

namespace seekling {

static_assert(std::endian::native == std::endian::little, "events are little-endian");

namespace {

template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += char(value | 0x80);
  return out + char(value);
}

enum Kind : std::uint64_t { kVarint = 0, kEightBytes = 1, kLengthAndBytes = 2, kFourBytes = 5 };

std::string key(std::uint64_t field, Kind kind) { return varint(field << 3 | kind); }
std::string integer(std::uint64_t field, Index value) {
  return key(field, kVarint) + varint(std::uint64_t(value));
}
std::string number(std::uint64_t field, double value) {
  return key(field, kEightBytes) + bytes_of(value);
}
std::string number(std::uint64_t field, float value) {
  return key(field, kFourBytes) + bytes_of(value);
}
std::string message(std::uint64_t field, const std::string& content) {  // or a string
  return key(field, kLengthAndBytes) + varint(content.size()) + content;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

// TFRecord's: the CRC of a string that holds its own CRC is a poor check,
// so it is turned and shifted.
std::uint32_t masked(std::uint32_t crc) { return std::rotr(crc, 15) + 0xA282EAD8; }

std::string tfrecord(std::string_view data) {
  const std::string length = bytes_of(std::uint64_t(data.size()));
  return length + bytes_of(masked(crc32c(length))) + std::string(data) +
         bytes_of(masked(crc32c(data)));
}

// Event: 1 wall_time (double), 2 step (int64), 3 file_version (string), 5 summary, 7 session_log.
std::string version_event(double wall_time) {
  return number(1, wall_time) + message(3, "brain.Event:2");
}

// SessionLog: 1 status (an enumeration; 1 is START).
std::string start_event(double wall_time, Index step) {
  return number(1, wall_time) + integer(2, step) + message(7, integer(1, 1));
}

// Summary: 1 value, repeated. Value: 1 tag (string), 2 simple_value (float).
std::string scalar_event(double wall_time, Index step, const Scalars& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars)
    summary += message(1, message(1, tag) + number(2, value));
  return number(1, wall_time) + integer(2, step) + message(5, summary);
}

TensorBoard::TensorBoard(const std::filesystem::path& folder, Index last_step)
    : file(folder /
           text("events.out.tfevents.", std::int64_t(now()), ".", ::getpid(), ".seekling")) {
  write(version_event(now()));
  if (last_step > 0) write(start_event(now(), last_step + 1));
}

void TensorBoard::write(const std::string& event) { file.append(tfrecord(event)); }

void TensorBoard::append(const StepMetrics& m) {
  Scalars scalars = {{"loss", float(m.loss)},
                     {"lr", float(m.lr)},
                     {"grad_norm", float(m.grad_norm)},
                     {"tokens_per_s", float(m.tokens_per_s)}};
  if (!m.expert_load.empty()) {
    scalars.emplace_back("balance_loss", float(m.balance_loss));
    scalars.emplace_back("max_vio", float(m.max_vio));
  }
  if (m.heldout_loss) scalars.emplace_back("heldout/loss", float(*m.heldout_loss));
  if (m.heldout_bits_per_byte)
    scalars.emplace_back("heldout/bits_per_byte", float(*m.heldout_bits_per_byte));
  write(scalar_event(now(), m.step, scalars));
}

}  // namespace seekling
