#include "system/file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/check.h"

namespace seekling {

FileWriter::FileWriter(std::filesystem::path path)
    : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")) {
  expect(file_ != nullptr);
}

FileWriter::~FileWriter() {
  if (!file_) return;
  std::fclose(file_);
  std::remove(path_.c_str());
}

void FileWriter::expect(bool succeeded) {
  check(succeeded, path_.string(), ": cannot be written (", std::strerror(errno),
        "); nothing was replaced");
}

void FileWriter::write(const void* bytes, std::size_t n) {
  expect(std::fwrite(bytes, 1, n, file_) == n);
}

void FileWriter::finish() {
  expect(std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0);
  std::FILE* file = std::exchange(file_, nullptr);
  expect(std::fclose(file) == 0);
}

void write_file(const std::filesystem::path& path, std::string_view contents) {
  FileWriter file(path);
  file.write(contents.data(), contents.size());
  file.finish();
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  check(bool(in) && !std::filesystem::is_directory(path), path.string(), ": cannot be opened (",
        std::filesystem::is_directory(path) ? "it is a folder" : std::strerror(errno), ")");
  std::ostringstream contents;
  contents << in.rdbuf();
  return std::move(contents).str();
}

nlohmann::json parse_json(std::string_view text, const std::string& source) {
  constexpr int kDeepest = 64;
  const auto guard = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    check(depth <= kDeepest, source, ": its JSON nests deeper than ", kDeepest,
          " levels; the file is damaged");
    return true;
  };
  try {
    return nlohmann::json::parse(text.begin(), text.end(), guard);
  } catch (const nlohmann::json::exception& e) {
    throw Error(source + ": is not JSON (" + e.what() + ")");
  }
}

}  // namespace seekling
