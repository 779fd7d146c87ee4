#include "system/file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <istream>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/check.h"

namespace seekling {

namespace fs = std::filesystem;

namespace {

constexpr mode_t kReadWrite = 0666;  // less the user's umask

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(std::size_t(n));
  }
  return true;
}

class Descriptor {
 public:
  explicit Descriptor(int file) : file_(file) {}
  ~Descriptor() { ::close(file_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

 private:
  int file_;
};

}  // namespace

FileWriter::FileWriter(fs::path path)
    : path_(std::move(path)),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kReadWrite)) {
  expect(file_ >= 0);
}

FileWriter::~FileWriter() {
  if (file_ >= 0) ::close(file_);
  if (!finished_) ::unlink(path_.c_str());
}

void FileWriter::expect(bool succeeded) const {
  check(succeeded, path_.string(), ": cannot be written (", std::strerror(errno),
        "); nothing was replaced");
}

void FileWriter::flush() {
  expect(write_all(file_, buffer_));
  buffer_.clear();
}

void FileWriter::write(const void* bytes, std::size_t n) {
  constexpr std::size_t kBuffer = 256 << 10;
  buffer_.append(static_cast<const char*>(bytes), n);
  if (buffer_.size() >= kBuffer) flush();
}

void FileWriter::rewrite_beginning(const void* bytes, std::size_t n) {
  flush();
  expect(::lseek(file_, 0, SEEK_SET) == 0 &&
         write_all(file_, {static_cast<const char*>(bytes), n}));
}

void FileWriter::finish() {
  flush();
  expect(::fsync(file_) == 0);
  expect(::close(std::exchange(file_, -1)) == 0);
  finished_ = true;
}

AppendFile::AppendFile(fs::path path)
    : path_(std::move(path)),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kReadWrite)) {
  check(file_ >= 0, path_.string(), ": cannot be written (", std::strerror(errno), ")");
}

AppendFile::~AppendFile() { ::close(file_); }

void AppendFile::append(std::string_view piece) {
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (write_all(file_, piece)) return;
  const int reason = errno;
  const bool whole = ::ftruncate(file_, before) == 0;
  throw Error(text(path_.string(), ": cannot be written (", std::strerror(reason), ")",
                   whole ? "" : "; it may end in the middle of a line"));
}

void AppendFile::flush() {
  check(::fsync(file_) == 0, path_.string(), ": cannot be written (", std::strerror(errno), ")");
}

void write_file(const fs::path& path, std::string_view contents) {
  FileWriter file(path);
  file.write(contents.data(), contents.size());
  file.finish();
}

void put_in_place(const fs::path& aside, const fs::path& path) {
  std::error_code failure, ignored;
  fs::rename(aside, path, failure);
  if (failure) fs::remove(aside, ignored);
  check(!failure, path.string(), ": cannot be written (", failure.message(),
        "); nothing was replaced");
  flush_folder(path.parent_path());
}

void replace_file(const fs::path& path, std::string_view contents) {
  const fs::path aside = path.string() + ".tmp";
  write_file(aside, contents);
  put_in_place(aside, path);
}

// EINVAL: the file system has no such thing (some network file systems).
void flush_folder(const fs::path& folder) {
  const int file =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool flushed = file >= 0 && (::fsync(file) == 0 || errno == EINVAL);
  const int reason = errno;
  if (file >= 0) ::close(file);
  check(flushed, folder.empty() ? "." : folder.string(),
        ": the folder cannot be flushed to the disk (", std::strerror(reason),
        "); a power cut may undo the latest writes");
}

std::error_code make_folders(const fs::path& folder) {
  std::error_code failure;
  if (fs::is_directory(folder, failure)) return {};
  const fs::path parent = folder.parent_path();
  if (!parent.empty() && parent != folder)
    if (const std::error_code above = make_folders(parent)) return above;
  if (fs::create_directory(folder, failure)) flush_folder(parent);
  return failure;
}

int open_for_reading(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const int reason = errno;
  check(file >= 0, path.string(), ": cannot be opened (", std::strerror(reason), ")");
  struct stat info {};
  const bool measured = ::fstat(file, &info) == 0;
  if (measured && S_ISREG(info.st_mode)) return file;
  ::close(file);
  check(!S_ISDIR(info.st_mode), path.string(), ": cannot be opened (it is a folder)");
  throw Error(path.string() + ": is not an ordinary file; give a file, not a pipe or a device");
}

std::string read_file(const fs::path& path) {
  const int file = open_for_reading(path);
  const Descriptor closed_at_the_end(file);
  const off_t size = ::lseek(file, 0, SEEK_END);
  check(size >= 0 && std::size_t(size) <= most_text(), path.string(), ": has ", size,
        " bytes, more than a quarter of this machine's memory; give a smaller file");
  ::lseek(file, 0, SEEK_SET);
  std::string contents;
  contents.reserve(std::size_t(size));
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = ::read(file, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    check(n >= 0, path.string(), ": cannot be read (", std::strerror(errno), ")");
    if (n == 0) return contents;
    contents.append(buffer, std::size_t(n));
  }
}

std::string read_stream(std::istream& in, const std::string& source, std::size_t most) {
  std::string contents;
  char buffer[1 << 16];
  while (in.read(buffer, sizeof buffer), in.gcount() > 0) {
    contents.append(buffer, std::size_t(in.gcount()));
    check(contents.size() <= most, source, ": has more than ", most,
          " bytes, expected less; split it");
  }
  return contents;
}

std::size_t memory_size() {
  const std::size_t all =
      std::size_t(::sysconf(_SC_PAGESIZE)) * std::size_t(::sysconf(_SC_PHYS_PAGES));
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return all;
  return std::min(all, std::size_t(limit.rlim_cur));
}

std::size_t most_text() { return memory_size() / 4; }

namespace {

// A list of one-digit numbers takes the most: 16 bytes for each 2 of text, and at most twice that
// again while the list grows.
constexpr std::size_t kMemoryPerByte = 24;
constexpr int kDeepest = 64;

struct TooDeep {};

template <class Json>
Json parsed(std::string_view text, const std::string& source) {
  check(text.size() <= memory_size() / kMemoryPerByte, source, ": has ", text.size(),
        " bytes of JSON, whose values may take ", kMemoryPerByte,
        " times as much memory, and this machine has less; split it into smaller files");
  const auto guard = [](int depth, typename Json::parse_event_t, Json&) {
    return depth <= kDeepest ? true : throw TooDeep();
  };
  return Json::parse(text.begin(), text.end(), guard);
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& source) {
  try {
    return parsed<nlohmann::json>(text, source);
  } catch (const TooDeep&) {
    throw Error(seekling::text(source, ": its JSON nests deeper than ", kDeepest,
                               " levels; the file is damaged"));
  } catch (const nlohmann::json::exception& e) {
    throw Error(source + ": is not JSON (" + e.what() + ")");
  }
}

template <class Json>
Json parse_json_or_discard(std::string_view text, const std::string& source) {
  try {
    return parsed<Json>(text, source);
  } catch (const TooDeep&) {
    return Json::value_t::discarded;
  } catch (const typename Json::exception&) {
    return Json::value_t::discarded;
  }
}

template nlohmann::json parse_json_or_discard(std::string_view, const std::string&);
template nlohmann::ordered_json parse_json_or_discard(std::string_view, const std::string&);

}  // namespace seekling
